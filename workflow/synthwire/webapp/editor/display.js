// Brightness and contrast of the image and opacity of the particles, for every view: variables of
// the page's style, which the charts' style sheet and the editor's canvas read.

export default function ({ parentElement }) {
  const box = parentElement.querySelector(".display");
  if (box.ready) return;
  box.ready = true;
  const sliders = [...box.querySelectorAll("input[type=range]")];
  const opacity = sliders.find((slider) => slider.dataset.name === "--particle-opacity");
  const bare = box.querySelector("input[type=checkbox]");
  const show = () => {
    const style = document.documentElement.style;
    for (const slider of sliders) style.setProperty(slider.dataset.name, slider.value);
    if (bare.checked) style.setProperty(opacity.dataset.name, 0);
    opacity.disabled = bare.checked;
    document.dispatchEvent(new Event("synthwire-display"));
    sessionStorage.setItem("synthwire-display", JSON.stringify([sliders.map((item) => item.value), bare.checked]));
  };
  const [values, checked] = JSON.parse(sessionStorage.getItem("synthwire-display") || "[[], false]");
  sliders.forEach((slider, number) => { if (values[number]) slider.value = values[number]; });
  bare.checked = checked;
  box.querySelector("button").addEventListener("click", () => {
    for (const slider of sliders) slider.value = slider.defaultValue;
    bare.checked = false;
    show();
  });
  box.addEventListener("input", show);
  show();
}
