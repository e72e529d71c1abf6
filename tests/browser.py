"""Pages in headless Chromium, over a service in a thread of this process."""

import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import uvicorn
from playwright.sync_api import Browser, Page, expect, sync_playwright

from service.app import create_app
from service.settings import Settings

expect.set_options(timeout=20_000)  # ms: a busy machine is no failure; the default is 5 s
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]


@contextmanager
def site_of(bundle: Path, **settings: Any) -> Iterator[str]:
    """Serve a bundle; yield the address."""
    app = create_app(Settings(bundle=bundle, threads=1, **settings))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        config = uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=2)
        server = uvicorn.Server(config)
        thread = Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            # The listener takes connections already; they wait until the service is up.
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:  # a test that failed inside would else never end
            server.should_exit = True
            thread.join()


@contextmanager
def chromium_started() -> Iterator[Browser]:
    """Start the Chromium of the PATH, or skip the test where there is none."""
    path = shutil.which("chromium") or shutil.which("google-chrome")
    if path is None:
        pytest.skip("there is no chromium on the PATH")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@contextmanager
def open_page(chromium: Browser, **options: Any) -> Iterator[Page]:
    """Open a page that fails the test on any message on its console."""
    with chromium.new_context(**options) as context:
        page, messages = context.new_page(), list[str]()
        page.on("console", lambda message: messages.append(message.text))
        page.on("pageerror", lambda error: messages.append(str(error)))
        yield page
        assert not messages, messages
