"""What the command of an exec probe shows of itself: how it is run, and whether a failure reaches its exit code."""

import re
import shlex
from collections.abc import Sequence
from itertools import groupby

SHELLS = ("sh", "bash", "dash", "ash", "zsh", "ksh")
WRAPPERS = ("tini", "dumb-init", "catatonit")

_MOST_SHOWN = 60
_OPERATORS = {";", "\n", "&", "&&", "||", "|", "|&"}
_CONTROL = {"if", "while", "until", "for", "case", "function", "{", "}", "!", "trap", "((", "[["}
_NEVER_FAIL = {"true", ":", "echo", "printf"}
_PASS_ON = {"tee", "cat", "head", "tail", "tr", "cut", "sort", "uniq", "wc", "logger", "sed", "column"}
"""Ends of a pipe that succeed whatever they are given."""
_CURL_TAKES = set("AbcCdDeEFhHKmoPQrstTuUvwxXyYz") - set("fsvt")
"""Short options of curl that take the rest of their word, or the next one, as their value."""


def base_name(program: str) -> str:
    """The name of a program without its folder."""
    return program.rsplit("/", 1)[-1]


def shortened(command: Sequence[str]) -> str:
    """The beginning of the command in one line, for a sentence about it."""
    text = " ".join(" ".join(command).split())
    return text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}…"


def unwrapped(command: tuple[str, ...]) -> tuple[str, ...]:
    """The command without any wrapper, whether that adopts orphans or not."""
    if not command or base_name(command[0]) not in WRAPPERS:
        return command
    flags = 1
    while flags < len(command) and command[flags].startswith("-") and command[flags] != "--":
        flags += 1
    return command[flags + 1 :] if command[flags : flags + 1] == ("--",) else command[flags:]


def script_of(command: Sequence[str]) -> str | None:
    """The script that a shell is given with `-c`, None where the command is no shell or runs a file."""
    if not command or base_name(command[0]) not in SHELLS:
        return None
    for index, word in enumerate(command[1:], 1):
        if re.fullmatch(r"-[a-zA-Z]*c[a-zA-Z]*", word):
            return next((rest for rest in command[index + 1 :] if not rest.startswith("-")), None)
    return None


def hidden_failure(command: tuple[str, ...]) -> str | None:
    """Why a failure of what the probe asks does not show in the probe's exit code, None where it does or may.

    Only what surely hides one is told: a script with branches of its own is left to its author.
    """
    command = unwrapped(command)
    if command[:1] and base_name(command[0]) == "timeout":
        command = tuple(command[2:])
    script = script_of(command)
    if script is None:
        return _CURL if _is_lenient_curl(command) else None
    statements = _statements(script)
    if not statements:
        return None
    options = [word for word in command[1:] if word.startswith("-")]
    errexit = any("e" in word for word in options if not word.startswith("--")) or bool(
        re.search(r"\bset -\w*e", script)
    )
    return _hidden_in(statements[-1], pipefail="pipefail" in script) or (
        f"the script ends with `{statements[-1][0][0]}`, which never fails"
        if len(statements) > 1 and not errexit and _never_fails(statements[-1])
        else None
    )


_CURL = "curl without --fail ends with 0 whatever status the server answers with"


def _hidden_in(statement: list[list[str]], *, pipefail: bool) -> str | None:
    """`statement` is commands and the operators between them: [command, [operator], command, …]."""
    operators = [part[0] for part in statement[1::2]]
    commands = statement[::2]
    if "||" in operators and operators[-1] == "||" and (_never_fails([commands[-1]]) or commands[-1] == ["exit", "0"]):
        return f"`|| {' '.join(commands[-1])[:40]}` turns every failure into a success"
    before_or = operators.index("||") if "||" in operators else len(operators)
    if "&&" in operators[:before_or]:
        return None
    piped, last = operators[:before_or], commands[before_or]
    if piped and not pipefail and last and base_name(last[0]) in _PASS_ON:
        return f"the exit code of a pipe is that of its last command, {base_name(last[0])}"
    return _CURL if not piped and _is_lenient_curl(last) else None


def _never_fails(statement: Sequence[Sequence[str]]) -> bool:
    return len(statement) == 1 and bool(statement[0]) and base_name(statement[0][0]) in _NEVER_FAIL


def _statements(script: str) -> list[list[list[str]]] | None:
    """The script as statements of commands and operators; None where it branches, loops or cannot be read."""
    lexer = shlex.shlex(script.strip().rstrip(";"), posix=False, punctuation_chars=";|&()<>\n")
    lexer.whitespace, lexer.commenters, lexer.whitespace_split = " \t\r", "", True
    try:
        words = [word.strip(" ") for word in lexer]
    except ValueError:
        return None
    if any("(" in word or "`" in word or word in _CONTROL for word in words if not word.startswith(("'", '"'))):
        return None
    statements: list[list[list[str]]] = []
    for ends, group in groupby(words, key=lambda word: bool(set(word) <= {";", "\n", "&"}) and word != "&&"):
        if not ends:
            parts = [list(part) for _, part in groupby(group, key=lambda word: word in _OPERATORS and word)]
            if len(parts) % 2 and all(part[0] in _OPERATORS for part in parts[1::2]):
                statements.append(parts)
            else:
                return None
    return [s for s in statements if s[0][0] != "set"] or None


def _is_lenient_curl(words: Sequence[str]) -> bool:
    """Whether it is a curl that takes an answer of 500 for a success."""
    if not words or base_name(words[0]) != "curl":
        return False
    for word in words[1:]:
        if word.startswith("--"):
            if word in ("--fail", "--fail-with-body", "--fail-early"):
                return False
        elif word.startswith("-"):
            for letter in word[1:]:
                if letter == "f":
                    return False
                if letter in _CURL_TAKES:
                    break
    return True
