"""A process that is killed at its first attempt to reach a network: Linux's seccomp filter on `socket`."""

import ctypes
import os
import platform
import struct

_LOAD, _JUMP_IF_EQUAL, _RETURN = 0x20, 0x15, 0x06
_KILL_PROCESS, _ALLOW = 0x80000000, 0x7FFF0000
_IPV4, _IPV6 = 2, 10
_SOCKET = {"x86_64": (0xC000003E, 41), "aarch64": (0xC00000B7, 198)}  # the machine's audit name and number of `socket`

SUPPORTED = platform.machine() in _SOCKET


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_void_p))


def cut_network() -> None:
    """From now on this process, its threads and its children die with SIGSYS when they ask for an internet socket."""
    audit, number = _SOCKET[platform.machine()]
    code = [
        (_LOAD, 0, 0, 4),  # the machine
        (_JUMP_IF_EQUAL, 0, 6, audit),
        (_LOAD, 0, 0, 0),  # the number of the system call
        (_JUMP_IF_EQUAL, 0, 4, number),
        (_LOAD, 0, 0, 16),  # its first argument: the address family
        (_JUMP_IF_EQUAL, 1, 0, _IPV4),
        (_JUMP_IF_EQUAL, 0, 1, _IPV6),
        (_RETURN, 0, 0, _KILL_PROCESS),
        (_RETURN, 0, 0, _ALLOW),
    ]
    packed = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *each) for each in code))
    program = _Program(len(code), ctypes.cast(packed, ctypes.c_void_p))
    libc = ctypes.CDLL(None, use_errno=True)
    no_new_privileges, seccomp, by_filter = 38, 22, 2
    if libc.prctl(no_new_privileges, 1, 0, 0, 0) or libc.prctl(seccomp, by_filter, ctypes.byref(program), 0, 0):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
