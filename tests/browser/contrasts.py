"""The contrast of each text of displays and its background in a page, as WCAG 2 defines it."""

CONTRASTS = """() => {
  const parse = colour => {
    const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
    canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data].map((part, at) => at < 3 ? part : part / 255);
  };
  const over = (top, under) => [0, 1, 2].map(at => top[at] * top[3] + under[at] * (1 - top[3])).concat(1);
  const opaque = node => {
    const layers = [];
    for (let at = node; at; at = at.parentElement) {
      const layer = parse(getComputedStyle(at).backgroundColor);
      layers.push(layer);
      if (layer[3] === 1) break;
    }
    return layers.reduceRight((under, layer) => over(layer, under), [255, 255, 255, 1]);
  };
  const light = colour => {
    const [r, g, b] = colour.slice(0, 3).map(part => part / 255)
      .map(part => part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ratio = node => {
    const behind = opaque(node), style = getComputedStyle(node);
    const colour = parse(style.color);
    colour[3] *= parseFloat(style.opacity);
    const [a, b] = [light(over(colour, behind)), light(behind)].sort((x, y) => y - x);
    return (a + 0.05) / (b + 0.05);
  };
  const own = node => [...node.childNodes].some(child => child.nodeType === 3 && child.data.trim());
  // A picture with a label may have signs that only viewers without styles show, such as the tiles of completed runs.
  const unseen = node => node.closest('[role="img"][aria-label]') && parse(getComputedStyle(node).color)[3] === 0;
  return [...document.querySelectorAll('.mfw *')].filter(own).filter(node => !unseen(node))
    .map(node => [node.className || node.tagName, node.textContent.slice(0, 40), ratio(node)]);
}"""
"""A script that returns the class, the text and the contrast of each element with text."""
