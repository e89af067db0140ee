/**
 * How fast y grows with x after the first quarter of the points: the slope of the line of least squares, and its standard error.
 * @param points [x, y], at least five
 */
export function slopeOf(points) {
  const later = points.slice(points.length >> 2);
  const mean = (of) => later.reduce((sum, point) => sum + of(point), 0) / later.length;
  const [x, y] = [mean((point) => point[0]), mean((point) => point[1])];
  const spread = mean((point) => (point[0] - x) ** 2);
  const slope = mean((point) => (point[0] - x) * (point[1] - y)) / spread;
  const rest = mean((point) => (point[1] - y - slope * (point[0] - x)) ** 2);
  return { slope, error: Math.sqrt(rest / spread / (later.length - 2)) };
}
