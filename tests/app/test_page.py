"""The page in a real browser, from a microphone to what is heard, and through three mistakes."""

import os
import socket
from pathlib import Path

import numpy as np
import pytest
import soundfile
from browser import NEEDED, opened, serious
from conftest import RATE, speak

from speech2code.cli import main

pytest.importorskip("gradio", reason="the extra app is not installed")
pytestmark = NEEDED
# for the picture in the documents: SPEECH2CODE_MODEL=runs/any_voice/model SCREENSHOT=docs/assets/serve.png
MODEL, PICTURE = (os.environ.get(name) for name in ("SPEECH2CODE_MODEL", "SCREENSHOT"))


@pytest.fixture(scope="module")
def address(textless, tmp_path_factory):
    """Where a page is served as the command serves it: with a tiny system, or with the one in SPEECH2CODE_MODEL."""
    from speech2code.app.models import load_models
    from speech2code.app.page import page, start

    runs = tmp_path_factory.mktemp("page")
    if MODEL is None:
        overrides = textless.overrides(runs, "splits=[test]", units="kmeans")
        for verb in ("train units", "train vocoder", "train translator", "resynthesise", "decode"):
            main([*verb.split(), *overrides])
    served = page(load_models([Path(MODEL or runs / "tiny" / "model")], ""))
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    yield start(served, "127.0.0.1", port, background=True)
    served.close()


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    """Chromium whose microphone hears one sentence again and again."""
    voice = tmp_path_factory.mktemp("voice") / "microphone.wav"
    soundfile.write(voice, np.tile(np.pad(speak(["da", "mo", "ki", "su"], 110), 8000), 4), RATE, subtype="PCM_16")
    microphone = ("--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream")
    with opened(*microphone, f"--use-file-for-fake-audio-capture={voice}") as chromium:
        yield chromium


@pytest.fixture
def visitor(browser, address):
    """A fresh page."""
    context = browser.new_context(permissions=["microphone"])
    visited = context.new_page()
    visited.set_default_timeout(60_000)
    visited.goto(address)
    visited.get_by_role("button", name="Translate").wait_for()
    yield visited
    context.close()


def test_from_the_microphone_to_the_translation(visitor):
    visitor.get_by_role("button", name="Record", exact=True).click()
    visitor.wait_for_timeout(2000)
    visitor.get_by_role("button", name="Stop", exact=True).click()
    visitor.get_by_label("Trim audio to selection").wait_for()  # the recording has arrived
    visitor.get_by_role("button", name="Translate").click()
    heard = visitor.get_by_label("Its translation").locator("audio")
    heard.wait_for()
    played = heard.evaluate(
        "async e => { await e.play(); await new Promise(r => setTimeout(r, 500)); return e.currentTime }"
    )
    assert played > 0.1
    visitor.locator(".s2c-strip button").first.click()
    assert "Unit " in visitor.locator(".s2c-unit h3").inner_text()
    assert "/tmp" not in visitor.locator("body").inner_text()


def test_nobody_is_kept_out_of_the_page(visitor):
    visitor.locator("input[type=radio]").first.click()
    visitor.get_by_label("Trim audio to selection").wait_for()
    visitor.get_by_role("button", name="Translate").click()
    visitor.locator(".s2c-strip button").first.click()
    visitor.locator(".s2c-unit").wait_for()
    if PICTURE:
        visitor.screenshot(path=PICTURE, full_page=True)
    assert not serious(visitor)


def test_an_example_and_a_unit_of_the_inventory(visitor):
    visitor.locator("input[type=radio]").first.click()
    visitor.get_by_label("Trim audio to selection").wait_for()
    visitor.get_by_role("button", name="Translate").click()
    visitor.locator(".s2c-answer").wait_for()
    visitor.locator(".s2c-inventory button").nth(3).click()
    visitor.locator(".s2c-unit").wait_for()


def test_mistakes_are_told_without_paths(visitor, tmp_path):
    def told(file=None):
        if file:
            visitor.get_by_label("Upload file").click()
            with visitor.expect_response(lambda answer: "upload?" in answer.url):
                visitor.locator("input[type=file]").set_input_files(file)
            visitor.wait_for_timeout(1500)  # until the page has taken it in
        visitor.get_by_role("button", name="Translate").click()
        toast = visitor.locator(".toast-body").first
        toast.wait_for()
        said = toast.inner_text()
        assert "/tmp" not in visitor.locator("body").inner_text()
        visitor.reload()
        visitor.get_by_role("button", name="Translate").wait_for()
        return said

    assert "there is no recording yet" in told()
    for name in ("text.wav", "text.mp3"):
        (tmp_path / name).write_text("no sound at all")
        assert "cannot read the recording" in told(tmp_path / name)
    soundfile.write(tmp_path / "silent.wav", np.zeros(RATE), RATE)
    assert "silent (peak below -60 dBFS)" in told(tmp_path / "silent.wav")
