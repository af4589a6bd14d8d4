#!/bin/bash
# healthcheck PORT PATH: exit 0 when http://127.0.0.1:PORT/PATH answers 200. A container's check without curl, in the shell
# itself: starting node several times a second would starve services that are just starting.
exec 3<>"/dev/tcp/127.0.0.1/$1" || exit 1
printf 'GET %s HTTP/1.0\r\nHost: localhost\r\n\r\n' "$2" >&3
read -r -t 2 _ status _ <&3 || exit 1
[ "$status" = 200 ] && exit 0
head -c 1000 <&3 # Shown by docker inspect: the body names the failing checks.
exit 1
