"""What the checkers share: which files there are, and C++ text without its comments and strings."""

import os
import re
import subprocess


def tracked_files(root):
    """Paths relative to root: what git tracks or would track, else everything outside build folders."""
    try:
        listed = subprocess.run(
            ["git", "-C", root, "ls-files", "-z", "-co", "--exclude-standard"],
            capture_output=True, check=True).stdout.decode()
        inside = subprocess.run(["git", "-C", root, "rev-parse", "--show-prefix"],
                                capture_output=True, check=True).stdout.decode().strip()
        if not inside:
            return sorted(f for f in set(listed.split("\0")) if f and os.path.isfile(os.path.join(root, f)))
    except (OSError, subprocess.CalledProcessError):
        pass
    found = []
    for folder, names, files in os.walk(root):
        names[:] = [n for n in names if n not in ("build", "node_modules", ".git", ".cache")]
        found += [os.path.relpath(os.path.join(folder, f), root) for f in files]
    return sorted(found)


def is_cpp(path):
    return path.endswith((".cpp", ".hpp"))


def read(root, path):
    with open(os.path.join(root, path), encoding="utf-8", errors="replace") as file:
        return file.read()


TOKEN = re.compile(
    r'//[^\n]*|/\*.*?\*/'  # comments
    r'|R"([^()\\ ]{0,16})\(.*?\)\1"'  # raw strings
    r'|"(?:\\.|[^"\\\n])*"'  # strings
    r"|(?<![0-9a-fA-F])'(?:\\.|[^'\\\n])+'",  # characters, not digit separators
    re.S)


def blanked(text):
    """The text with comments and the insides of strings as spaces; every line and column stays."""
    def blank(match):
        token = match.group(0)
        body = re.sub(r"[^\n]", " ", token)
        return body if token.startswith("/") else token[0] + body[1:-1] + token[-1]
    return TOKEN.sub(blank, text)


def line_of(text, offset):
    return text.count("\n", 0, offset) + 1
