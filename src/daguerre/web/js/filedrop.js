/** Photos that come in: dropped, pasted, chosen. */

const NO_PHOTOS = /\.(pdf|zip|txt|docx?|mp4|mov|avi|mp3|html?)$/i;

/** Call `taken` with files that are dropped or pasted on the page, or chosen with `input`. */
export function receive(input, taken) {
  let depth = 0;
  const dragging = (on) => document.body.classList.toggle("dragging", on);
  const carriesFiles = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");

  addEventListener("dragenter", (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    depth += 1;
    dragging(true);
  });
  addEventListener("dragleave", (event) => {
    if (!carriesFiles(event)) return;
    depth = Math.max(0, depth - 1);
    if (depth === 0) dragging(false);
  });
  addEventListener("dragover", (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = "copy";
  });
  addEventListener("drop", async (event) => {
    depth = 0;
    dragging(false);
    if (!carriesFiles(event)) return;
    event.preventDefault();
    const entries = [...event.dataTransfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
    const files = [...event.dataTransfer.files];
    taken(entries.some((entry) => entry.isDirectory) ? await inFolders(entries) : files);
  });
  addEventListener("paste", (event) => {
    const files = [...(event.clipboardData?.files ?? [])];
    if (!files.length) return;
    event.preventDefault();
    taken(files);
  });
  input.addEventListener("change", () => {
    taken([...input.files]);
    input.value = "";
  });
}

/** Every file of dropped folders that may be a photo. */
async function inFolders(entries) {
  const files = [];
  for (const entry of entries) {
    if (entry.isFile) {
      const file = await new Promise((resolve, reject) => entry.file(resolve, reject)).catch(() => null);
      if (file && !file.name.startsWith(".") && !NO_PHOTOS.test(file.name)) files.push(file);
    } else {
      const reader = entry.createReader();
      for (;;) {
        const inside = await new Promise((resolve) => reader.readEntries(resolve, () => resolve([])));
        if (!inside.length) break;
        files.push(...(await inFolders(inside)));
      }
    }
  }
  return files;
}
