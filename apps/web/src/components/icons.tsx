import type { ReactNode } from "react";

/** Line icons of one weight, drawn on a 20-unit square. They repeat what the text or label beside them says. */
function Icon({ children }: { children: ReactNode }) {
  return (
    <svg
      className="icon"
      viewBox="0 0 20 20"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.6"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
    >
      {children}
    </svg>
  );
}

export const MenuIcon = () => (
  <Icon>
    <path d="M3.5 6h13M3.5 10h13M3.5 14h9" />
  </Icon>
);
export const PlusIcon = () => (
  <Icon>
    <path d="M10 4v12M4 10h12" />
  </Icon>
);
export const CloseIcon = () => (
  <Icon>
    <path d="m5 5 10 10M15 5 5 15" />
  </Icon>
);
export const SendIcon = () => (
  <Icon>
    <path d="M10 16V4.5M5 9.5l5-5 5 5" />
  </Icon>
);
export const StopIcon = () => (
  <Icon>
    <rect x="6" y="6" width="8" height="8" rx="1.5" fill="currentColor" />
  </Icon>
);
export const DownIcon = () => (
  <Icon>
    <path d="M10 4v11M5.5 11l4.5 4.5 4.5-4.5" />
  </Icon>
);
export const ChevronIcon = () => (
  <Icon>
    <path d="m7.5 5 5 5-5 5" />
  </Icon>
);
export const CopyIcon = () => (
  <Icon>
    <rect x="7" y="7" width="9" height="9" rx="2" />
    <path d="M4.5 13A1.5 1.5 0 0 1 4 11.9V5.5A1.5 1.5 0 0 1 5.5 4h6.4c.4 0 .8.2 1.1.5" />
  </Icon>
);
export const CheckIcon = () => (
  <Icon>
    <path d="m4.5 10.5 3.5 3.5 7.5-8" />
  </Icon>
);
export const SunIcon = () => (
  <Icon>
    <circle cx="10" cy="10" r="3.2" />
    <path d="M10 2.5v1.8M10 15.7v1.8M2.5 10h1.8M15.7 10h1.8M4.7 4.7 6 6M14 14l1.3 1.3M4.7 15.3 6 14M14 6l1.3-1.3" />
  </Icon>
);
export const MoonIcon = () => (
  <Icon>
    <path d="M16.5 11.8A6.8 6.8 0 0 1 8.2 3.5a6.8 6.8 0 1 0 8.3 8.3Z" />
  </Icon>
);
export const AlertIcon = () => (
  <Icon>
    <circle cx="10" cy="10" r="7" />
    <path d="M10 6.5v4M10 13.3v.1" />
  </Icon>
);
export const RestartIcon = () => (
  <Icon>
    <path d="M4.5 10a5.5 5.5 0 1 1 1.7 4M4 15.5V12h3.5" />
  </Icon>
);
export const ToolIcon = () => (
  <Icon>
    <path d="m4 6 3.5 3.5L4 13M9.5 14H16" />
  </Icon>
);

export function Logo() {
  return (
    <svg className="logo" viewBox="0 0 32 32" aria-hidden="true">
      <rect width="32" height="32" rx="9" fill="#0f766e" />
      <g fill="none" stroke="#f0fdfa" strokeWidth="2.6" strokeLinecap="round" strokeLinejoin="round">
        <path d="M16 6v11" />
        <path d="M11 9.5c0 4 2 6 5 7.5 3-1.5 5-3.5 5-7.5" />
        <path d="M16 17c-1 4-4 6-8 8M16 17c0 4-.5 6-1.5 9M16 17c1 4 4 6 8 8M16 17c.3 4 1 6 3 8.5" />
      </g>
    </svg>
  );
}
