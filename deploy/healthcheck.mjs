/** A container's healthcheck without curl: exit 0 when the address given as argument answers 200 within two seconds. */
const TIMEOUT_MS = 2000;

try {
  const response = await fetch(process.argv[2], { signal: AbortSignal.timeout(TIMEOUT_MS) });
  if (response.status !== 200) console.log(`${response.status} ${(await response.text()).slice(0, 400)}`);
  process.exit(response.status === 200 ? 0 : 1);
} catch (error) {
  console.log(error.cause?.message ?? error.message);
  process.exit(1);
}
