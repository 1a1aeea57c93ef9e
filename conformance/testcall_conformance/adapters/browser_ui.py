"""Controls of a call's user interface: found as a user of a screen reader finds them, else as their authors marked them.

``name`` is tried as the accessible name of the role, then as a tooltip (``title``), then as a test id (``data-testid``), and
the first that finds something decides. Icon buttons often have no accessible name, or a wrong one. A name that begins with
``css=`` is a selector.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from testcall_conformance.errors import AdapterFailure

if TYPE_CHECKING:
    from playwright.async_api import Locator, Page

_PRESS_MS = 5000.0


async def look(page: Page, role: str, name: str) -> dict[str, Any]:
    """Whether the control is there, visible and enabled, its text (or tooltip), and how many match."""
    found = await find(page, role, name)
    count = await found.count()
    if count == 0:
        return {"visible": False, "enabled": False, "text": "", "count": 0}
    first = found.first
    text = (await first.inner_text()).strip()
    return {
        "visible": await first.is_visible(),
        "enabled": await first.is_enabled(),
        "text": text or await first.get_attribute("title") or "",
        "count": count,
    }


async def press(page: Page, role: str, name: str) -> None:
    """Click the control as a user would; ``refused`` when it is not there or cannot be clicked.

    The pointer is moved away afterwards: a tooltip that stays open takes the name from the control.
    """
    from playwright.async_api import Error

    try:
        await (await find(page, role, name)).first.click(timeout=_PRESS_MS)
        await page.mouse.move(0, 0)
    except Error as wrong:
        raise AdapterFailure(
            "refused", f"no {role} {name!r} that can be pressed: {wrong.message.splitlines()[0]}"
        ) from None


async def find(page: Page, role: str, name: str) -> Locator:
    """The control's locator; one that finds nothing when there is no such control."""
    if name.startswith("css="):
        return page.locator(name)
    quoted = name.replace("\\", "\\\\").replace('"', '\\"')
    by_role = page.get_by_role(role, name=name, exact=True)  # type: ignore[arg-type]
    for found in (by_role, page.locator(f'[title="{quoted}"]'), page.locator(f'[data-testid="{quoted}"]')):
        if await found.count():
            return found
    return by_role
