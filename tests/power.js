// @ts-check

/** x to a power. @param {{exponent: number, sign: string}} state @param {{axis: {x: number[]}}} data */
function power({ exponent, sign }, { axis }) {
  if (exponent < 0) throw new RangeError("No power below zero here.");
  const factor = sign === "minus" ? -1 : 1;
  const curve = axis.x.map((x) => ({ x, y: factor * x ** exponent }));
  return {
    curve,
    readout: { last: 2, end: exponent > 2.5 ? null : curve[curve.length - 1].y, color: factor > 0 ? "train" : "test" },
  };
}
