"""Pages that others wrote for this interface, in a real browser: from the specification, and as SnapOtter's is."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from tests.serving import picture

FROM_THE_SPECIFICATION = """async bytes => {
  const form = new FormData();
  form.append("file", new File([new Uint8Array(bytes)], "damaged-old-photo.jpg"));
  form.append("settings", JSON.stringify({ scratchRemoval: false, faceEnhancement: false, denoise: false }));
  const answer = await fetch("/api/v1/tools/restore-photo", { method: "POST", body: form });
  const { jobId } = await answer.json();
  const result = await new Promise((resolve, reject) => {
    const source = new EventSource(`/api/v1/jobs/${jobId}/progress`);
    source.addEventListener("progress", ({ data }) => {
      const { phase, percent, result, error } = JSON.parse(data);
      if (phase === "complete" && percent === 100) { source.close(); resolve(result); }
      if (phase === "failed") reject(new Error(error));
    });
  });
  const file = await fetch(result.downloadUrl);
  return { status: answer.status, name: result.downloadUrl, file: [...new Uint8Array(await file.arrayBuffer())] };
}"""

STREAM_FIRST = """async bytes => {
  const clientJobId = crypto.randomUUID();
  const seen = [];
  let done;
  const ended = new Promise(resolve => { done = resolve; });
  const source = new EventSource(`/api/v1/jobs/${clientJobId}/progress`);
  source.onmessage = event => {
    const data = JSON.parse(event.data);
    if (data.type !== "single") return;
    seen.push(data.percent);
    if (data.phase === "complete") done(data.result);
  };
  source.onerror = () => source.close();
  await new Promise(resolve => { source.onopen = resolve; });
  const form = new FormData();
  form.append("file", new File([new Uint8Array(bytes)], "aunt.jpg"));
  form.append("settings", JSON.stringify({ scratchRemoval: false, faceEnhancement: false, denoise: false }));
  form.append("clientJobId", clientJobId);
  const accepted = await new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", "/api/v1/tools/restore-photo");
    request.onload = () => resolve(JSON.parse(request.responseText));
    request.onerror = reject;
    request.send(form);
  });
  const result = await ended;
  const file = await fetch(result.downloadUrl);
  return { same: accepted.jobId === clientJobId, seen, name: result.downloadUrl,
           file: [...new Uint8Array(await file.arrayBuffer())] };
}"""


@pytest.mark.parametrize(("script", "name"), [
    (FROM_THE_SPECIFICATION, "damaged-old-photo_restored.jpg"), (STREAM_FIRST, "aunt_restored.jpg"),
])  # fmt: skip
def test_they_end_with_the_restored_photo(page, script, name):
    answer = page.evaluate(script, list(picture()))
    assert answer["name"].endswith(f"/{name}") and answer.get("same", True)
    assert Image.open(io.BytesIO(bytes(answer["file"]))).size == (64, 48)
    seen = answer.get("seen", [100])
    assert seen == sorted(seen) and seen[-1] == 100
