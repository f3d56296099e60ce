"""The keys, what each does, and how it is called."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Key:
    """A key or several that do the same.

    names: as prompt_toolkit calls them. action: a method of the console. shown, about: how the help tells of it. short: the same in the last line.
    Where about is empty, the screen itself says when the key is one.
    """

    names: tuple[str, ...]
    action: str
    shown: str
    about: str
    short: str = ""


KEYS = (
    Key(("up", "k"), "up", "up, k", "select the one above"),
    Key(("down", "j"), "down", "down, j", "select the one below"),
    Key(("pageup", "c-b"), "page_up", "page up", "a screen up"),
    Key(("pagedown", "c-f"), "page_down", "page down", "a screen down"),
    Key(("home", "g"), "first", "home, g", "the first one"),
    Key(("end", "G"), "last", "end, G", "the last one"),
    Key(("?", "h", "f1"), "help", "?", "these keys", "? keys"),
    Key(("enter",), "details", "enter", "everything about the selected one", "enter details"),
    Key((" ",), "mark", "space", "mark it; an order is then for all that are marked", "space mark"),
    Key(("u",), "unmark", "u", "mark none"),
    Key(("p",), "pause", "p", "pause; what the server has confirmed is kept", "p pause"),
    Key(("r",), "resume", "r", "let it go on", "r resume"),
    Key(("R",), "resume_now", "R", "let it go on now: this once, whatever network, power or back-off say"),
    Key(("t",), "retry", "t", "try what has failed or was canceled again", "t retry"),
    Key(("c", "delete"), "cancel", "c", "give it up for good; asks first", "c cancel"),
    Key(("n",), "needs", "n", "only what needs you, and back", "n needs you"),
    Key(("f",), "next_kind", "f", "only what needs you, runs, waits, has failed; everything"),
    Key(("q",), "leave", "q", "leave, here the page, there the watching; the uploads go on", "q leave"),
    Key(("c-c", "<sigint>"), "interrupt", "Ctrl-C", "leave the watching"),
    Key(("c-z",), "suspend", "Ctrl-Z", "to the shell; fg comes back"),
    Key(("c-l",), "redraw", "Ctrl-L", "draw the screen anew"),
    Key(("escape",), "back", "Esc", "back from here"),
    Key(("y", "Y"), "yes", "y", ""),
)
