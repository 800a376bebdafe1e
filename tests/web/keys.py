"""Somebody who has a keyboard and no mouse, and has to see where they are."""

from __future__ import annotations

from playwright.sync_api import Locator, Page, expect

# Far more than any view has between its heading and its last button.
MOST_STOPS = 60

# A ring is drawn by the element, or by the card around it that stands for it.
_HAS_RING = """() => {
  const ringed = (each) => {
    const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(each);
    return (outlineStyle !== "none" && parseFloat(outlineWidth) >= 1) || boxShadow !== "none";
  };
  const focused = document.activeElement;
  return ringed(focused) || (focused.closest("label") && ringed(focused.closest("label")));
}"""
# Something of the element is in the window, with nothing over it.
_IS_SEEN = """() => {
  const focused = document.activeElement;
  const { left, right, top, bottom } = focused.getBoundingClientRect();
  const across = (Math.max(left, 0) + Math.min(right, innerWidth)) / 2;
  return [0.1, 0.5, 0.9].some((part) => {
    const at = document.elementFromPoint(across, top + (bottom - top) * part);
    return at !== null && (focused.contains(at) || at.contains(focused));
  });
}"""
_DESCRIBED = "() => document.activeElement.outerHTML.slice(0, 200)"


class Keyboard:
    """Presses keys; each stop on the way has to be in sight, with a ring around it."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self.press = page.keyboard.press
        self.type = page.keyboard.type

    def go_to(self, target: Locator) -> None:
        """Tab on until the target has the focus."""
        for _ in range(MOST_STOPS):
            self.press("Tab")
            self._may_be_seen()
            if target.evaluate("(element) => element === document.activeElement"):
                return
        raise AssertionError(f"{target} is not reached; {self._page.evaluate(_DESCRIBED)} is")

    def enter(self, target: Locator, text: str) -> None:
        """Go to a field, and put the text in place of what is there."""
        self.go_to(target)
        self.press("Control+A")
        self.type(text)

    def push(self, target: Locator) -> None:
        """Go to a button or link, and press it."""
        self.go_to(target)
        self.press("Enter")

    def is_at(self, target: Locator) -> None:
        """The focus was moved there, and has not to be looked for."""
        expect(target).to_be_focused()

    def _may_be_seen(self) -> None:
        where = self._page.evaluate(_DESCRIBED)
        assert self._page.evaluate(_HAS_RING), f"no ring shows the focus at {where}"
        assert self._page.evaluate(_IS_SEEN), f"the focus is out of sight at {where}"
