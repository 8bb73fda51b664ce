"""Become ffmpeg, but die with the thread that asked for it: run by path, before any of our code.

PR_SET_PDEATHSIG is set here and not in a preexec_fn, which may deadlock in a threaded server.
"""

import ctypes
import os
import resource
import signal
import sys

PR_SET_PDEATHSIG = 1


def main() -> None:
    parent, arguments = int(sys.argv[1]), sys.argv[2:]
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl")
    # The parent may have died before the line above.
    if os.getppid() != parent:
        sys.exit(1)
    # Pictures are for our group, which may be the proxy's, whatever we were started with.
    os.umask(0o027)
    # A core file would hold the camera's secret.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.execv(arguments[0], arguments)  # noqa: S606  # no shell, and our own arguments


if __name__ == "__main__":
    main()
