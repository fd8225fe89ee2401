import base64
import io
import json
import re
import shutil

import numpy as np
import pytest
import soundfile
from browser import NEEDED, opened, serious

from speech2code.audio.files import save_waveform
from speech2code.errors import UserError
from speech2code.files import write_json
from speech2code.report.page import word_differences, write_report
from speech2code.report.run_folder import RunFolder
from speech2code.seals import digest, sealed

IDS = [f"test-{i:03d}" for i in range(3)]
ROWS = ("source", "original", "resynthesis", "translation")
RECOGNISERS = ("in_domain", "pocketsphinx")
SECONDS = {"units": 120.0, "translator": 3700.0}
MACHINE = {"processor": "Abacus", "cores": 2, "gpu": "none", "system": "Linux"}
BOUNDED = {"bleu": (71.9, 66.1, 77.3), "chrf": (80.1, 75.0, 85.0), "wer": (17.8, 14.2, 21.5), "cer": (9.4, 8.0, 11.0)}
FIGURES = {
    f"{name}{end}": value for name, values in BOUNDED.items() for end, value in zip(("", "_low", "_high"), values)
} | {"meteor": None, "meteor_low": None, "meteor_high": None}


def record(run, stage, seconds, **figures):
    """The record of a finished stage; the translator was resumed at another commit."""
    ours = {"seed": 7, "commit": "a1", "clean": True, "machine": MACHINE, "versions": {"torch": "2.6"}}
    first = {"command": "speech2code run name=mine", **ours, "began": "2026-01-01T10:00:00+00:00"}
    attempts = [first | {"ended": "2026-01-01T10:30:00+00:00"}]
    if stage == "translator":
        resumed = {"began": "2026-01-02T10:00:00+00:00", "ended": "2026-01-02T11:00:00+00:00", "commit": "b2"}
        attempts.append(first | resumed)
    known = {"settings": {}, "done": True, "seconds": seconds, "processor_seconds": 2 * seconds, "attempts": attempts}
    write_json(run / stage / "stage.json", sealed(known | figures))


def build_run(run, ids=IDS):
    """A run's folder with every part that the report reads."""
    from torch.utils.tensorboard import SummaryWriter

    chance = np.random.default_rng(0)
    for stage in ("units", "vocoder", "translator", "recogniser"):
        metrics = {"codes_used": 61, "perplexity": 48.127} if stage == "units" else {"dev_loss": 0.4321}
        record(run, stage, SECONDS.get(stage, 121.4), steps=2000, parameters=1234567, metrics=metrics)
        with SummaryWriter(str(run / stage)) as writer:
            for step in range(0, 2000, 100):
                for tag, value in (
                    ("train/loss", 2.0),
                    ("dev/loss", 2.2),
                    ("dev/accuracy", 0.3),
                    ("optimiser/rate", 1),
                ):
                    writer.add_scalar(tag, value / (1 + step / 500), step)
    for row in ROWS:
        for number, sentence in enumerate(ids):
            t = np.arange(int(16000 * (1 + 0.2 * number))) / 16000
            tone = np.sin(2 * np.pi * (300 + 900 * t) * t) * (np.sin(9 * t) ** 2) + chance.normal(0, 0.01, len(t))
            save_waveform(RunFolder(run).sounds(row) / f"{sentence}.wav", (0.4 * tone).astype(np.float32))
    units = {n: {s: chance.integers(0, 64, 25).tolist() for s in ids} for n in ("reference", "translation")}
    write_json(run / "decoding" / "units.json", sealed(units))
    diagonal = np.exp(-(np.subtract.outer(np.linspace(0, 1, 25), np.linspace(0, 1, 40)) ** 2) * 300)
    np.savez(run / "decoding" / "alignments.npz", **{s: diagonal.astype(np.float32) for s in ids})
    for row in ROWS[1:]:
        for recogniser in RECOGNISERS:
            lines = [
                "id\treference\thypothesis",
                *(f"{s}\twhere is the <b> station\twhere was the a station" for s in ids),
            ]
            path = RunFolder(run).table(row, recogniser)
            path.parent.mkdir(parents=True)
            path.write_text("\n".join(lines) + "\n")
            record(run, f"transcripts/{row}.{recogniser}", 1.0, tables={path.name: digest(path)})
    found = {"same_output": 0, "near_silent": 0, "unending": 0, "sentences": 250, "warnings": []}
    warned = {**found, "near_silent": 3, "warnings": ["3 of 250 outputs are near-silent."]}
    write_json(run / "scores" / "detectors.json", sealed({"resynthesis": found, "translation": warned}))
    scores = {row: {r: FIGURES for r in RECOGNISERS} for row in ROWS[1:]}
    scores["original"] = {
        "in_domain": {**FIGURES, "bleu": 98.76, "meteor": 61.23, "meteor_low": 60.0, "meteor_high": 62.0},
        "pocketsphinx": {**FIGURES, "bleu": 87.81, "cannot_judge": 45.6},
    }
    signatures = {"bleu": "nrefs:1|tok:none|norm:lc", "meteor": "meteor-1.5-wo-en-no_norm", "in_domain": "beam:4"}
    splits = {"test": scores, "dev": {"translation": {"in_domain": {**FIGURES, "bleu": 68.42}}}}
    write_json(run / "scores.json", sealed({"splits": splits, "signatures": signatures}))
    record(run, "prepare", 81.2)
    (run / "config.yaml").write_text("seed: 7\nunits:\n  codebook_size: 64\n")
    return run


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return build_run(tmp_path_factory.mktemp("runs") / "phrasebook")


@pytest.fixture(scope="module")
def html(run):
    return write_report(run).read_text(encoding="utf-8")


def test_every_player_plays_the_sound_of_the_run(run, html):
    players = re.findall(r'<audio [^>]*src="data:audio/flac;base64,([^"]+)"', html)
    assert len(players) == len(IDS) * len(ROWS)
    played, rate = soundfile.read(io.BytesIO(base64.b64decode(players[0])), dtype="float32")
    original, _ = soundfile.read(RunFolder(run).sounds("source") / f"{IDS[0]}.wav", dtype="float32")
    assert rate == 16000
    np.testing.assert_allclose(played, original, atol=1e-4)


def test_self_contained(html):
    assert not re.search(r"https?://|//cdn|@import|<script[^>]*src|<link(?! rel=\"icon\" href=\"data:,\")", html)
    assert all(source.startswith(("data:", "#")) for source in re.findall(r'(?:src|href)="([^"]*)"', html))
    assert len(re.findall(r'src="data:image/png', html)) == len(IDS) * (len(ROWS) + 1)  # spectrograms and attention
    assert len(re.findall("<svg", html)) == 5  # curves of four stages, code usage
    ids = re.findall(r' id="([^"]+)"', html)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r"url\(#([^)]+)\)", html)) <= set(ids)
    assert len(html) < 15e6


def test_scores_are_shown_and_a_missing_one_is_stated(html):
    table = html[html.index('id="scores"') : html.index('id="sentences"')]
    lines = [re.sub(r"<[^>]+>|\s+", " ", line) for line in re.findall(r"<tr.*?</tr>", table, re.DOTALL)]
    lines = [re.sub(" +", " ", line).strip() for line in lines]
    rest = "17.8 [14.2, 21.5] 9.4 [8.0, 11.0]"
    chrf = "80.1 [75.0, 85.0]"
    assert f"original target speech in_domain not read 98.8 [66.1, 77.3] {chrf} 61.2 [60.0, 62.0] {rest}" in lines
    assert f"translation in_domain 68.4 71.9 [66.1, 77.3] {chrf} not available {rest}" in lines
    assert f"translation pocketsphinx not read 71.9 [66.1, 77.3] {chrf} not available {rest}" in lines
    assert f"original target speech pocketsphinx (!) not read 87.8 [66.1, 77.3] {chrf} not available {rest}" in lines
    assert len(lines) == 1 + 6
    told = "this recogniser cannot judge this corpus: it reads the original speech with 45.6 % word errors"
    assert table.count(told) == 1
    assert "training never saw" not in table
    assert "3 of 250 outputs are near-silent." in table


def test_baseline_and_topline_are_shown_and_played(run, tmp_path):
    both = shutil.copytree(run, tmp_path / "run")
    topline = {"in_domain": FIGURES | {"bleu": 47.4}}
    write_json(both / "baselines" / "scores.json", sealed({"splits": {"test": {"topline": topline}}}))
    save_waveform(RunFolder(both).sounds("topline") / f"{IDS[0]}.wav", np.full(8000, 0.1, np.float32))
    html = write_report(both).read_text(encoding="utf-8")
    assert html.count("<b>47.4</b>") == 1 and "The <b>topline</b> learnt from transcripts" in html
    assert html.count("<h4>topline (had transcripts)") == len(IDS)
    assert "topline" not in write_report(run).read_text(encoding="utf-8")


def test_stages_times_origin(html):
    for expected in (
        "1,234,567",
        "48.13",
        "2 min 1 s",
        "1 h 2 min",
        "2 h 3 min",  # of two processors
        "<code>speech2code run name=mine</code>",
        "<dd>a1, b2</dd>",
        "Abacus, 2 cores, GPU: none, Linux",
        "torch 2.6",
        "2026-01-01T10:00:00+00:00 to 2026-01-02T11:00:00+00:00",
        "codebook_size: 64",
        "nrefs:1|tok:none|norm:lc",
        "train/loss",
    ):
        assert expected in html
    assert "optimiser/rate" not in html


def test_transcripts_are_escaped_and_differences_marked(html):
    assert "where is the &lt;b&gt; station" in html
    assert '<span class="wrong" title="reference: is">was</span>' in html
    assert "<b> station" not in html


def test_an_empty_run_states_what_is_missing(tmp_path):
    html = write_report(tmp_path).read_text(encoding="utf-8")
    for expected in (
        "no scores yet",
        "no audio was kept",
        "was not trained",
        "no units",
        "not recorded",
        "Missing: config.yaml",
    ):
        assert expected in html
    assert "0.0" not in re.sub(r"<style>.*</style>", "", html, flags=re.DOTALL)


def test_parts_that_are_missing_do_not_stop_the_rest(tmp_path):
    run = build_run(tmp_path / "run", IDS[:1])
    (run / "decoding" / "alignments.npz").unlink()
    (RunFolder(run).sounds("translation") / f"{IDS[0]}.wav").unlink()
    scores = json.loads((run / "scores.json").read_text())
    scores["splits"]["unseen"] = {"translation": {"in_domain": {**FIGURES, "bleu": 33.3}}}
    write_json(run / "scores.json", sealed(scores))
    html = write_report(run).read_text(encoding="utf-8")
    assert html.count("<audio") == 3 and "no attention alignment" in html and "Missing: no audio." in html
    assert "Combinations of words that training never saw" in html and "33.3" in html


def test_a_wrong_folder_and_a_table_changed_by_hand_are_refused(tmp_path):
    with pytest.raises(UserError, match="no run folder"):
        write_report(tmp_path / "nothing")
    run = build_run(tmp_path / "run", IDS[:1])
    table = RunFolder(run).table("translation", "in_domain")
    text = table.read_text()
    for change in (lambda: table.write_text(text.replace("where was", "where is")), table.unlink):
        change()
        with pytest.raises(UserError, match=r"translation\.in_domain/test\.tsv is not what its stage wrote; delete"):
            write_report(run)


def test_word_differences():
    assert word_differences("a b c d", "a x c e d", "en") == [
        ("equal", "a", "a"),
        ("substitute", "x", "b"),
        ("equal", "c", "c"),
        ("insert", "e", ""),
        ("equal", "d", "d"),
    ]
    assert word_differences("a b", "", "en") == [("delete", "", "a b")]
    assert word_differences("", "a", "en") == [("insert", "a", "")]
    assert word_differences("駅はどこ", "駅もどこ", "ja") == [
        ("equal", "駅", "駅"), ("substitute", "も", "は"), ("equal", "どこ", "どこ"),
    ]  # fmt: skip


@NEEDED
def test_nobody_is_kept_out_of_it(tmp_path):
    build_run(tmp_path / "phrasebook")
    with opened() as browser:
        page = browser.new_page()
        page.goto(write_report(tmp_path / "phrasebook").as_uri())
        assert not serious(page)
        rows = page.locator("#every-table tbody tr")
        assert rows.count() == len(IDS)
        page.get_by_role("button", name="sentence").click()
        assert rows.first.locator("th").inner_text() == max(IDS)
        page.get_by_role("button", name="sentence").click()
        assert rows.first.locator("th").inner_text() == min(IDS)
        page.get_by_label("Search").fill(IDS[1])
        assert page.locator("#every output").inner_text() == f"1 of {len(IDS)}"
        assert [row.is_visible() for row in rows.all()].count(True) == 1
