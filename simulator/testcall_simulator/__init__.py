"""The simulated calling service: HTTP, signalling, ringing, media, faults, clock and control page."""
