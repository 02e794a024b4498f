// Probability that Gaussian classes have no unique fit without ridge, by simulation, as in
// `advise.no_mle`: the first rows of every class are its undersample, and where that has a fit all
// rows have one. In slices of some milliseconds, so that the page stays quick.
const simulate = (() => {
  const MOST_WORK = 3e9, REPLICATIONS = [200, 50];

  // Mulberry32, and Box and Muller's normal numbers.
  const normals = (seed) => {
    const uniform = () => {
      seed = (seed + 0x6d2b79f5) | 0;
      let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
      t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
      return (((t ^ (t >>> 14)) >>> 0) + 0.5) / 4294967296;
    };
    let spare = null;
    return () => {
      if (spare !== null) { const x = spare; spare = null; return x; }
      const r = Math.sqrt(-2 * Math.log(uniform())), angle = 2 * Math.PI * uniform();
      spare = r * Math.sin(angle);
      return r * Math.cos(angle);
    };
  };

  // Means of `populations.symmetric`: a simplex where there are features enough, else a polygon.
  const symmetric = (K, d, s) => Array.from({ length: K }, (_, k) => {
    const mean = new Float64Array(d);
    if (d >= K - 1) {
      for (let j = 1; j < K; j++) mean[j - 1] = ((k < j ? 1 : k === j ? -j : 0) / Math.sqrt(j * (j + 1))) * s / Math.SQRT2;
    } else {
      const angle = (2 * Math.PI * k) / K, radius = s / (2 * Math.sin(Math.PI / K));
      mean[0] = radius * Math.cos(angle);
      mean[1] = radius * Math.sin(angle);
    }
    return mean;
  });

  // Solves H x = g in place by Cholesky's factors; false where H is not positive definite.
  const solve = (H, g, p) => {
    for (let j = 0; j < p; j++) {
      const own = H[j * p + j];
      for (let i = j; i < p; i++) {
        let sum = H[i * p + j];
        for (let k = 0; k < j; k++) sum -= H[i * p + k] * H[j * p + k];
        if (i > j) H[i * p + j] = sum / H[j * p + j];
        else if (sum > 1e-13 * (1 + own)) H[j * p + j] = Math.sqrt(sum);
        else return false;
      }
    }
    for (let i = 0; i < p; i++) { let sum = g[i]; for (let k = 0; k < i; k++) sum -= H[i * p + k] * g[k]; g[i] = sum / H[i * p + i]; }
    for (let i = p - 1; i >= 0; i--) { let sum = g[i]; for (let k = i + 1; k < p; k++) sum -= H[k * p + i] * g[k]; g[i] = sum / H[i * p + i]; }
    return true;
  };

  // Whether the rows have no unique fit: Newton's method converges, or meets a direction that puts
  // no row on the wrong side, or runs away.
  const fails = (X, y, n, q, K) => {
    const p = (K - 1) * q, theta = new Float64Array(p), z = new Float64Array(K);
    const logits = (at, i) => {
      for (let k = 1; k < K; k++) {
        let sum = 0;
        for (let a = 0; a < q; a++) sum += at[(k - 1) * q + a] * X[i * q + a];
        z[k] = sum;
      }
    };
    const loss = (at) => {
      let total = 0;
      for (let i = 0; i < n; i++) {
        logits(at, i);
        const most = Math.max(...z);
        let sum = 0;
        for (let k = 0; k < K; k++) sum += Math.exp(z[k] - most);
        total += most + Math.log(sum) - z[y[i]];
      }
      return total;
    };
    const parts = (at) => {
      let least = Infinity, most = -Infinity;
      for (let i = 0; i < n; i++) {
        logits(at, i);
        for (let k = 0; k < K; k++) if (k !== y[i]) { const margin = z[y[i]] - z[k]; least = Math.min(least, margin); most = Math.max(most, margin); }
      }
      return most > 0 && least >= -1e-7 * most;
    };
    const H = new Float64Array(p * p), g = new Float64Array(p), chance = new Float64Array(K);
    let value = loss(theta);
    for (let round = 0; round < 100; round++) {
      H.fill(0);
      g.fill(0);
      for (let i = 0; i < n; i++) {
        logits(theta, i);
        const most = Math.max(...z);
        let sum = 0;
        for (let k = 0; k < K; k++) sum += chance[k] = Math.exp(z[k] - most);
        for (let k = 0; k < K; k++) chance[k] /= sum;
        for (let k = 1; k < K; k++) {
          const r = chance[k] - (y[i] === k ? 1 : 0);
          for (let a = 0; a < q; a++) g[(k - 1) * q + a] += r * X[i * q + a];
          for (let l = 1; l <= k; l++) {
            const w = chance[k] * ((k === l ? 1 : 0) - chance[l]);
            for (let a = 0; a < q; a++) {
              const wx = w * X[i * q + a], at = ((k - 1) * q + a) * p + (l - 1) * q, end = k === l ? a + 1 : q;
              for (let c = 0; c < end; c++) H[at + c] += wx * X[i * q + c];
            }
          }
        }
      }
      const step = Float64Array.from(g, (x) => -x);
      if (!solve(H, step, p)) return true;
      let slope = 0;
      for (let j = 0; j < p; j++) slope += g[j] * step[j];
      if (-slope < 1e-10) return false;
      if (parts(step)) return true;
      let next = value, at = theta;
      for (let t = 1; t > 1e-6; t /= 2) {
        at = theta.map((x, j) => x + t * step[j]);
        next = loss(at);
        if (next <= value + 1e-4 * t * slope) break;
      }
      theta.set(at);
      value = next;
      if (parts(theta) || theta.some((x) => Math.abs(x) > 1e4)) return true;
    }
    return true;
  };

  // Calls `done` with [all rows, undersample], each {value, mcse, replications, upper_bound}, or
  // null where there is too much to simulate. Returns a function that stops it.
  return (counts, d, separation, done, slice = 14) => {
    const K = counts.length, m = Math.min(...counts), n = counts.reduce((a, b) => a + b, 0), q = d + 1, p = (K - 1) * q;
    const sure = { value: 1, mcse: 0, replications: 0, upper_bound: false };
    let stopped = false;
    const stop = () => { stopped = true; };
    const work = n * (p * p) * 12 + p ** 3 * 4;
    const R = REPLICATIONS.find((r) => work * r <= MOST_WORK);
    if (n <= q) done([sure, sure]);
    else if (!R || (K > 2 && d < 2)) done([null, null]);
    else {
      const normal = normals(20 + d + 7919 * n), means = symmetric(K, d, separation);
      const labels = counts.flatMap((count, k) => Array(count).fill(k));
      const kept = counts.flatMap((count) => Array.from({ length: count }, (_, i) => i < m)).flatMap((is, i) => (is ? [i] : []));
      const failed = [0, 0];
      let drawn = 0;
      const one = () => {
        const X = new Float64Array(n * q), part = new Float64Array(kept.length * q);
        for (let i = 0; i < n; i++) { X[i * q] = 1; for (let a = 0; a < d; a++) X[i * q + 1 + a] = means[labels[i]][a] + normal(); }
        kept.forEach((i, at) => part.set(X.subarray(i * q, (i + 1) * q), at * q));
        if (kept.length > q && !fails(part, kept.map((i) => labels[i]), kept.length, q, K)) return;
        failed[1] += 1;
        if (kept.length === n || fails(X, labels, n, q, K)) failed[0] += 1;
      };
      const estimate = (failures) => {
        const share = (failures + 0.5) / (R + 1);
        return { value: failures / R, mcse: Math.sqrt((share * (1 - share)) / R), replications: R, upper_bound: false };
      };
      const go = () => {
        const until = performance.now() + slice;
        while (!stopped && drawn < R && performance.now() < until) { one(); drawn += 1; }
        if (stopped) return;
        if (drawn < R) setTimeout(go, 0);
        else done(failed.map(estimate));
      };
      setTimeout(go, 0);
    }
    return stop;
  };
})();
