"""Signalling, without sockets and without a clock: XMPP streams, rooms, focus.

Text frames of clients go in, effects come out (:mod:`.effects`); :mod:`testcall_simulator.xmpp_edge` carries them out. One
:class:`.service.Service` holds the state of all apps; what happens in a room is decided by functions over the frozen
:class:`.room.Room`.
"""
