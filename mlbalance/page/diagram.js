// The phase diagram: the maps as colours, and for two classes the boundaries in closed form.
const diagram = (() => {
  const { at_classes, barycentric, strong_ridge, threshold } = modules["mlbalance.page.regime"];
  const [LOAD, RATIO, SEPARATION] = maps.grids[0].axes;
  const WIDTH = 640, HEIGHT = 400, LEFT = 58, BOTTOM = 46, TOP = 10, RIGHT = 12, COLUMNS = 72, ROWS = 44;
  const end = HEIGHT - BOTTOM;
  const x = (logLoad) => LEFT + ((logLoad - LOAD[0]) / (LOAD[1] - LOAD[0])) * (WIDTH - LEFT - RIGHT);
  const y = (logRatio) => end - ((logRatio - RATIO[0]) / (RATIO[1] - RATIO[0])) * (end - TOP);
  const clamp = (value, [low, high]) => Math.min(high, Math.max(low, value));

  // Normal quantiles that a grid has of a method, on a grid of the diagram, by ridge.
  const plane = (grid, name, separation) => {
    const [loads, ratios, separations] = grid.axes, deep = barycentric(separation, ...separations), values = grid.quantiles[name], L = grid.ridges.length;
    const middles = ([low, high, size], n) => Array.from({ length: n }, (_, c) => barycentric(low + ((c + 0.5) / n) * (high - low), low, high, size));
    const across = middles(loads, COLUMNS), up = middles(ratios, ROWS);
    return grid.ridges.map((_, r) => {
      const flat = Array.from({ length: loads[2] }, (_, i) => Array.from({ length: ratios[2] }, (_, j) =>
        deep.reduce((sum, w, k) => sum + w * values[((i * ratios[2] + j) * separations[2] + k) * L + r], 0) / maps.unit));
      const lines = across.map((at) => Array.from({ length: ratios[2] }, (_, j) => at.reduce((sum, w, i) => sum + w * flat[i][j], 0)));
      return up.map((at) => lines.map((line) => at.reduce((sum, w, j) => sum + w * line[j], 0)));
    });
  };
  // Errors of a method at its best ridge.
  const surface = (name, separation, classes) => {
    const [shares, ridges] = at_classes(maps, classes), planes = maps.grids.map((grid) => plane(grid, name, separation));
    return planes[0][0].map((row, i) => row.map((_, j) =>
      Math.min(...ridges.map((_, r) => cdf(planes.reduce((sum, each, g) => sum + (shares[g] ? shares[g] * each[r][i][j] : 0), 0))))));
  };
  const picture = (separation, classes) => {
    const canvas = document.createElement("canvas");
    canvas.width = COLUMNS;
    canvas.height = ROWS;
    const context = canvas.getContext("2d"), image = context.createImageData(COLUMNS, ROWS);
    const weighted = surface("class-weights", separation, classes), kept = surface("undersample", separation, classes);
    for (let r = 0; r < ROWS; r++) for (let c = 0; c < COLUMNS; c++) {
      const gain = weighted[r][c] - kept[r][c];
      image.data.set([...(gain > 0 ? [217, 130, 43] : [59, 130, 196]), 235 * Math.min(1, Math.abs(gain) / 0.05) ** 0.7], 4 * ((ROWS - 1 - r) * COLUMNS + c));
    }
    context.putImageData(image, 0, 0);
    return canvas.toDataURL();
  };

  const path = (points) => (points.length < 2 ? "" : `M${points.map(([a, b]) => `${x(a).toFixed(1)} ${y(b).toFixed(1)}`).join("L")}`);
  const within = (points) => points.filter(([a]) => a >= LOAD[0] && a <= LOAD[1]);
  // Load at which an answer changes, for each ratio.
  const boundary = (of) => within(Array.from({ length: 41 }, (_, i) => {
    const logRatio = RATIO[0] + (i / 40) * (RATIO[1] - RATIO[0]);
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
      ["kept", "left of it an undersample has none", within([[undersample, RATIO[0]], [undersample, RATIO[1]]])],
      ["flip", "left of it an undersample wins at a strong ridge and threshold zero", boundary(flip)],
    ];
  };
  const ticks = (values, [low, high]) => values.map((v) => [Math.log(v), v]).filter(([at]) => at >= low - 1e-9 && at <= high + 1e-9);

  let drawn = null;
  // The boundaries are known for two classes alone.
  const draw = (separation, classes) => {
    const of = `${separation} ${classes}`;
    if (drawn?.of === of) return drawn;
    const lines = classes === 2 ? curves(separation) : [];
    const words = classes === 2 ? ["rows of the smaller class per feature", "larger class ÷ smaller class"] : ["rows of the smallest class per feature", "harmonic mean of the others ÷ it"];
    const columns = ticks([0.1, 0.2, 0.5, 1, 2, 5, 10, 20], LOAD).map(([v, shown]) => `<line class="grid" x1="${x(v)}" x2="${x(v)}" y1="${TOP}" y2="${end}"/><text x="${x(v)}" y="${end + 16}" text-anchor="middle">${shown}</text>`);
    const rows = ticks([1, 2, 5, 10, 20, 50, 100], RATIO).map(([v, shown]) => `<line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y(v)}" y2="${y(v)}"/><text x="${LEFT - 7}" y="${y(v) + 4}" text-anchor="end">${shown}</text>`);
    drawn = {
      of, lines,
      html: `<image href="${picture(separation, classes)}" x="${LEFT}" y="${TOP}" width="${WIDTH - LEFT - RIGHT}" height="${end - TOP}" preserveAspectRatio="none"/>${columns.join("")}${rows.join("")}${lines.map(([id, , points]) => `<path class="curve ${id}" d="${path(points)}"/>`).join("")}
        <text x="${(LEFT + WIDTH - RIGHT) / 2}" y="${HEIGHT - 8}" text-anchor="middle">${words[0]}</text><text transform="translate(15 ${(TOP + end) / 2}) rotate(-90)" text-anchor="middle">${words[1]}</text>`,
    };
    return drawn;
  };
  const position = (load, ratio) => [x(clamp(Math.log(load), LOAD)), y(clamp(Math.log(ratio), RATIO))];
  // The point of the diagram at a position of the pointer, from 0 to 1 across the drawing.
  const pointAt = (across, down) => [
    Math.exp(clamp(LOAD[0] + ((across * WIDTH - LEFT) / (WIDTH - LEFT - RIGHT)) * (LOAD[1] - LOAD[0]), LOAD)),
    Math.exp(clamp(RATIO[0] + ((end - down * HEIGHT) / (end - TOP)) * (RATIO[1] - RATIO[0]), RATIO)),
  ];
  return { draw, position, pointAt, WIDTH, HEIGHT, LOAD, RATIO, SEPARATION };
})();
