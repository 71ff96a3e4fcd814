// @ts-check

/** One step of dx = −∇E dt + √(2T) dW, reflected at zero, its drift averaged over the step.
 * @param {(u: number, v: number) => number[]} flow @param {number[]} at @param {number} temperature
 * @param {number} dt @param {number[]} gaussians @returns {number[]} */
function langevinStep(flow, [u, v], temperature, dt, [gu, gv]) {
  const size = Math.sqrt(2 * temperature * dt);
  const [ku, kv] = [size * gu, size * gv];
  const [du, dv] = flow(u, v);
  const [eu, ev] = flow(Math.abs(u + dt * du + ku), Math.abs(v + dt * dv + kv));
  return [Math.abs(u + (dt / 2) * (du + eu) + ku), Math.abs(v + (dt / 2) * (dv + ev) + kv)];
}
