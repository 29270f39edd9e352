"""Runs a program as the leader of a session on a terminal of its own. A line on standard input closes the terminal;
what the program writes is copied to standard output, behind its process id; its status is this one's."""
import os, pty, select, sys

pid, terminal = pty.fork()
if pid == 0:
    os.execvp(sys.argv[1], sys.argv[1:])
print("pid", pid, flush=True)
while True:
    ready, _, _ = select.select([terminal, 0], [], [])
    if 0 in ready:
        break
    try:
        sys.stdout.buffer.write(os.read(terminal, 4096))
    except OSError:
        break
    sys.stdout.flush()
os.close(terminal)
_, status = os.waitpid(pid, 0)
sys.exit(os.waitstatus_to_exitcode(status) % 256)
