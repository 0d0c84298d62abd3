# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs modules in processes of their own, which begin with Ansible imported already.

Importing Ansible takes most of the time of a module; hundreds of them are run here. A process that
has done so forks for each, and the fork runs the module's file as its main program.

    usage: forge.py SOCKET
"""

from __future__ import annotations

import atexit
import contextlib
import io
import json
import os
import runpy
import signal
import socket
import sys
from typing import Any

import ansible.module_utils.basic
import ansible.module_utils.urls


def run(request: dict[str, Any]) -> dict[str, Any]:
    """Run a module with this environment and standard input; return what came of it."""
    os.environ.clear()
    os.environ.update(request["environment"])
    sys.argv = [request["module"]]
    sys.stdin = io.TextIOWrapper(io.BytesIO(request["input"].encode()))
    output, errors = io.TextIOWrapper(io.BytesIO()), io.StringIO()
    status: Any = 0
    with contextlib.redirect_stdout(output), contextlib.redirect_stderr(errors):
        try:
            runpy.run_path(request["module"], run_name="__main__")
        except SystemExit as end:
            status = end.code
        except BaseException as error:
            status = 1
            print(repr(error), file=sys.stderr)
        atexit._run_exitfuncs()
    output.flush()
    text = output.buffer.getvalue().decode()  # type: ignore[attr-defined]
    return {"status": status or 0, "output": text, "errors": errors.getvalue()}


def serve(path: str) -> None:
    """Fork for every connection until standard input ends with the process that started this."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(path)
        listening.listen()
        print("ready", flush=True)
        while True:
            connection, _unused = listening.accept()
            if os.fork() == 0:
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                with connection, connection.makefile("rw") as stream:
                    json.dump(run(json.loads(stream.readline())), stream)
                os._exit(0)
            connection.close()


if __name__ == "__main__":
    # Modules find the collection by this path; the tests' own folder is none of their business.
    sys.path.pop(0)
    assert ansible.module_utils.basic
    serve(sys.argv[1])
