"""Media of the service: one WebRTC leg per SDK occupant, virtual publishers, forwarding, probes.

Nothing is imported here: NumPy, PyAV and aiortc load with the module that needs them. ``sources`` and ``samples`` are plain
values and need none of the three.
"""
