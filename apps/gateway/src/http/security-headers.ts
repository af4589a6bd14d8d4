import type { NextFunction, Request, Response } from "express";

/**
 * The page runs only its own scripts and styles and talks only to this gateway: an answer that smuggles markup can run
 * nothing and send nothing anywhere, not even by loading an image.
 */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

const HEADERS: Readonly<Record<string, string>> = {
  "content-security-policy": CONTENT_SECURITY_POLICY,
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
};

export function securityHeaders(_request: Request, response: Response, next: NextFunction): void {
  for (const name in HEADERS) response.setHeader(name, HEADERS[name] ?? "");
  next();
}
