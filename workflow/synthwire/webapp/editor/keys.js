// Undo and redo from anywhere on the page, but not while somebody types: the browser's own would
// change the text field that was written to last, which may be far from what is being done.

export default function ({ parentElement, setTriggerValue }) {
  const root = parentElement;
  root.pressed = (name) => setTriggerValue(name, Date.now());
  if (root.listening) return;
  root.listening = true;
  const place = root.host || root;
  document.addEventListener("keydown", function listen(event) {
    if (!place.isConnected) return document.removeEventListener("keydown", listen, true);
    const typing = event.composedPath()[0].matches?.("input:not([type=range]):not([type=checkbox]), textarea");
    const key = event.key.toLowerCase();
    if (typing || !(event.ctrlKey || event.metaKey) || !["z", "y"].includes(key)) return;
    event.preventDefault();
    root.pressed(key === "y" || event.shiftKey ? "redo" : "undo");
  }, true);
}
