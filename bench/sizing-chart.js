/** A chart of lines and dots, as SVG that is readable on a light and on a dark page. */
const WIDTH = 720;
const HEIGHT = 400;
const MARGIN = { left: 60, right: 170, top: 40, bottom: 60 };
const COLOURS = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00'];

/** What is measured: lines by their points, and dots; points above the chart are left out. */
exports.chart = ({ title, x, y, lines, note }) => {
  const scale = (axis, begin, end) => (value) => begin + (value - axis.from) / (axis.to - axis.from) * (end - begin);
  const across = scale(x, MARGIN.left, WIDTH - MARGIN.right);
  const up = scale(y, HEIGHT - MARGIN.bottom, MARGIN.top);
  const round = (value) => Math.round(value * 10) / 10;
  const within = ([, value]) => value <= y.to;
  const text = (left, top, words, more = '') => `<text x="${round(left)}" y="${round(top)}" ${more}>${words}</text>`;
  const drawn = lines.flatMap(({ name, points, dots }, i) => {
    const colour = COLOURS[i % COLOURS.length];
    const path = points.filter(within).map(([left, value]) => `${round(across(left))},${round(up(value))}`).join(' ');
    const top = MARGIN.top + 10 + 20 * i;
    return [
      `<polyline points="${path}" fill="none" stroke="${colour}" stroke-width="2"/>`,
      ...dots.filter(within).map(([left, value]) => `<circle cx="${round(across(left))}" cy="${round(up(value))}" r="3.5" fill="${colour}"/>`),
      `<rect x="${WIDTH - MARGIN.right + 14}" y="${top - 9}" width="14" height="4" fill="${colour}"/>`, text(WIDTH - MARGIN.right + 34, top - 4, name),
    ];
  });
  const ticks = [
    ...x.ticks.map((one) => text(across(one), HEIGHT - MARGIN.bottom + 18, one, 'text-anchor="middle"')),
    ...y.ticks.flatMap((one) => [
      text(MARGIN.left - 8, up(one) + 4, one, 'text-anchor="end"'),
      `<line x1="${MARGIN.left}" x2="${WIDTH - MARGIN.right}" y1="${round(up(one))}" y2="${round(up(one))}" stroke="#888" stroke-opacity="0.35"/>`,
    ]),
  ];
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12" fill="#222" role="img">
<title>${title}</title>
<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>
${text(MARGIN.left, 22, title, 'font-size="15" font-weight="bold"')}
${ticks.join('\n')}
${drawn.join('\n')}
${text((MARGIN.left + WIDTH - MARGIN.right) / 2, HEIGHT - 24, x.title, 'text-anchor="middle"')}
${text(16, (MARGIN.top + HEIGHT - MARGIN.bottom) / 2, y.title, `text-anchor="middle" transform="rotate(-90 16 ${(MARGIN.top + HEIGHT - MARGIN.bottom) / 2})"`)}
${text(WIDTH - MARGIN.right + 14, HEIGHT - MARGIN.bottom, note.split('; ')[0], 'font-size="10"')}
${note.split('; ').slice(1).map((words, i) => text(WIDTH - MARGIN.right + 14, HEIGHT - MARGIN.bottom + 13 * (i + 1), words, 'font-size="10"')).join('\n')}
</svg>
`;
};
