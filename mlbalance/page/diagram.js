// The phase diagram of two classes: the maps as colours, and the boundaries in closed form.
const diagram = (() => {
  const { barycentric, strong_ridge, threshold } = modules["mlbalance.page.regime"];
  const [LOAD, RATIO, SEPARATION] = maps.axes;
  const WIDTH = 640, HEIGHT = 400, LEFT = 58, BOTTOM = 46, TOP = 10, RIGHT = 12, COLUMNS = 72, ROWS = 44;
  const end = HEIGHT - BOTTOM;
  const x = (logLoad) => LEFT + ((logLoad - LOAD[1]) / (LOAD[2] - LOAD[1])) * (WIDTH - LEFT - RIGHT);
  const y = (logRatio) => end - ((logRatio - RATIO[1]) / (RATIO[2] - RATIO[1])) * (end - TOP);
  const clamp = (value, [, low, high]) => Math.min(high, Math.max(low, value));

  // Errors of a method at its best ridge, on a grid of the diagram.
  const surface = (name, separation) => {
    const deep = barycentric(separation, ...SEPARATION.slice(1)), values = maps.quantiles[name], L = maps.ridges.length;
    const middles = (axis, n) => Array.from({ length: n }, (_, c) => barycentric(axis[1] + ((c + 0.5) / n) * (axis[2] - axis[1]), ...axis.slice(1)));
    const across = middles(LOAD, COLUMNS), up = middles(RATIO, ROWS);
    const each = maps.ridges.map((_, r) => {
      const plane = Array.from({ length: LOAD[3] }, (_, i) => Array.from({ length: RATIO[3] }, (_, j) =>
        deep.reduce((sum, w, k) => sum + w * values[((i * RATIO[3] + j) * SEPARATION[3] + k) * L + r], 0) / maps.unit));
      const lines = across.map((at) => Array.from({ length: RATIO[3] }, (_, j) => at.reduce((sum, w, i) => sum + w * plane[i][j], 0)));
      return up.map((at) => lines.map((line) => cdf(at.reduce((sum, w, j) => sum + w * line[j], 0))));
    });
    return each[0].map((row, i) => row.map((_, j) => Math.min(...each.map((errors) => errors[i][j]))));
  };
  const picture = (separation) => {
    const canvas = document.createElement("canvas");
    canvas.width = COLUMNS;
    canvas.height = ROWS;
    const context = canvas.getContext("2d"), image = context.createImageData(COLUMNS, ROWS);
    const weighted = surface("class-weights", separation), kept = surface("undersample", separation);
    for (let r = 0; r < ROWS; r++) for (let c = 0; c < COLUMNS; c++) {
      const gain = weighted[r][c] - kept[r][c];
      image.data.set([...(gain > 0 ? [217, 130, 43] : [59, 130, 196]), 235 * Math.min(1, Math.abs(gain) / 0.05) ** 0.7], 4 * ((ROWS - 1 - r) * COLUMNS + c));
    }
    context.putImageData(image, 0, 0);
    return canvas.toDataURL();
  };

  const path = (points) => (points.length < 2 ? "" : `M${points.map(([a, b]) => `${x(a).toFixed(1)} ${y(b).toFixed(1)}`).join("L")}`);
  const within = (points) => points.filter(([a]) => a >= LOAD[1] && a <= LOAD[2]);
  // Load at which an answer changes, for each ratio.
  const boundary = (of) => within(Array.from({ length: 41 }, (_, i) => {
    const logRatio = RATIO[1] + (i / 40) * (RATIO[2] - RATIO[1]);
    return [Math.log(of(Math.exp(logRatio))), logRatio];
  }));
  const curves = (separation) => {
    const undersample = Math.log(threshold(formulas, 0.5, separation) / 2);
    const flip = (ratio) => {
      if (ratio < 1.02) return NaN;
      let low = Math.log(0.001), high = Math.log(100);
      for (let i = 0; i < 40; i++) {
        const middle = (low + high) / 2, rare = Math.exp(middle), found = strong_ridge({ ...formulas, erfc }, rare, rare * ratio, separation);
        if (found.weighted > found.undersampled) low = middle; else high = middle;
      }
      return Math.exp(low);
    };
    return [
      ["all", "left of it all rows have no fit without a ridge", boundary((ratio) => threshold(formulas, 1 / (1 + ratio), separation) / (1 + ratio))],
      ["kept", "left of it an undersample has none", within([[undersample, RATIO[1]], [undersample, RATIO[2]]])],
      ["flip", "left of it an undersample wins at a strong ridge and threshold zero", boundary(flip)],
    ];
  };
  const ticks = (values, [, low, high]) => values.map((v) => [Math.log(v), v]).filter(([at]) => at >= low - 1e-9 && at <= high + 1e-9);

  let drawn = null;
  const draw = (separation) => {
    if (drawn?.separation === separation) return drawn;
    const lines = curves(separation);
    const columns = ticks([0.1, 0.2, 0.5, 1, 2, 5, 10, 20], LOAD).map(([v, shown]) => `<line class="grid" x1="${x(v)}" x2="${x(v)}" y1="${TOP}" y2="${end}"/><text x="${x(v)}" y="${end + 16}" text-anchor="middle">${shown}</text>`);
    const rows = ticks([1, 2, 5, 10, 20, 50, 100], RATIO).map(([v, shown]) => `<line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y(v)}" y2="${y(v)}"/><text x="${LEFT - 7}" y="${y(v) + 4}" text-anchor="end">${shown}</text>`);
    drawn = {
      separation, lines,
      html: `<image href="${picture(separation)}" x="${LEFT}" y="${TOP}" width="${WIDTH - LEFT - RIGHT}" height="${end - TOP}" preserveAspectRatio="none"/>${columns.join("")}${rows.join("")}${lines.map(([id, , points]) => `<path class="curve ${id}" d="${path(points)}"/>`).join("")}
        <text x="${(LEFT + WIDTH - RIGHT) / 2}" y="${HEIGHT - 8}" text-anchor="middle">rows of the smaller class per feature</text><text transform="translate(15 ${(TOP + end) / 2}) rotate(-90)" text-anchor="middle">larger class ÷ smaller class</text>`,
    };
    return drawn;
  };
  const position = (load, ratio) => [x(clamp(Math.log(load), LOAD)), y(clamp(Math.log(ratio), RATIO))];
  // The point of the diagram at a position of the pointer, from 0 to 1 across the drawing.
  const pointAt = (across, down) => [
    Math.exp(clamp(LOAD[1] + ((across * WIDTH - LEFT) / (WIDTH - LEFT - RIGHT)) * (LOAD[2] - LOAD[1]), LOAD)),
    Math.exp(clamp(RATIO[1] + ((end - down * HEIGHT) / (end - TOP)) * (RATIO[2] - RATIO[1]), RATIO)),
  ];
  return { draw, position, pointAt, WIDTH, HEIGHT, LOAD, RATIO, SEPARATION };
})();
