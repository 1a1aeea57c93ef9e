"""Controls of a call's user interface, by ARIA role and accessible name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from testcall_conformance.errors import AdapterFailure

if TYPE_CHECKING:
    from playwright.async_api import Locator, Page

_PRESS_MS = 5000.0


async def look(page: Page, role: str, name: str) -> dict[str, Any]:
    """Whether the control is there, visible and enabled, its text, and how many match."""
    found = find(page, role, name)
    count = await found.count()
    if count == 0:
        return {"visible": False, "enabled": False, "text": "", "count": 0}
    first = found.first
    return {
        "visible": await first.is_visible(),
        "enabled": await first.is_enabled(),
        "text": (await first.inner_text()).strip(),
        "count": count,
    }


async def press(page: Page, role: str, name: str) -> None:
    """Click the control as a user would; ``refused`` when it is not there or cannot be clicked."""
    from playwright.async_api import Error

    try:
        await find(page, role, name).first.click(timeout=_PRESS_MS)
    except Error as wrong:
        raise AdapterFailure(
            "refused", f"no {role} {name!r} that can be pressed: {wrong.message.splitlines()[0]}"
        ) from None


def find(page: Page, role: str, name: str) -> Locator:
    """The control's locator."""
    return page.get_by_role(role, name=name)  # type: ignore[arg-type]
