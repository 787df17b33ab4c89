/** The sign-in as a picture: four lanes, and arrows between them, each of which can be chosen. */

/** @import { Arrow, Section, Tone } from '../../js/inspector.js' */
/** @import { Finding } from '../../js/doctor.js' */
/** @import { TraceEvent } from '../../js/core/host.js' */

import { sequence } from '../../js/inspector.js';
import { byId, element, replace, withCode } from './dom.js';

/** What colours say, in words. @type {Record<Tone, string>} */
const toneWords = {
  good: 'answered as asked',
  redirect: 'redirect',
  bad: 'refused or failed',
  unavailable: 'unavailable',
  neutral: '',
};

/** How many events and findings are shown. */
let count = 0;

/**
 * @param {object} shown
 * @param {TraceEvent[]} shown.events
 * @param {Finding[]} shown.findings
 * @param {Arrow | undefined} shown.chosen
 * @param {(arrow: Arrow) => void} shown.choose
 */
export function showSequence({ events, findings, chosen, choose }) {
  const { lanes, sections } = sequence(events);
  replace(
    byId('lanes'),
    lanes.map(({ party, name }) => element('li', { class: `lane ${party}` }, name)),
  );
  const columns = new Map(lanes.map(({ party }, index) => [party, index]));
  const rows = sections.map((section, at) => sectionRow(section, at));
  const isEmpty = sections.length === 0;
  byId('empty-sequence').hidden = !isEmpty;
  byId('lanes').hidden = isEmpty;
  replace(byId('sequence'), rows);
  if (events.length + findings.length > count) showLatest();
  count = events.length + findings.length;

  /**
   * @param {Section} section
   * @param {number} at
   */
  function sectionRow({ step, title, arrows }, at) {
    const isFirst = sections.findIndex((section) => section.step === step) === at;
    const found = isFirst ? findings.filter((finding) => finding.step === step) : [];
    return element(
      'li',
      { class: 'section' },
      element('h3', {}, title),
      element(
        'ol',
        { class: 'arrows' },
        arrows.map((arrow, index) => element('li', {}, arrowButton(arrow, `arrow-${at}-${index}`))),
      ),
      found.length > 0 && element('ul', { class: 'findings', 'aria-label': `Findings: ${title}` }, grouped(found)),
    );
  }

  /**
   * @param {Arrow} arrow
   * @param {string} id
   */
  function arrowButton(arrow, id) {
    const { from, to, tone, label, implied, durationMilliseconds } = arrow;
    const [start = 0, end = 0] = [columns.get(from), columns.get(to)];
    const isNote = start === end;
    const isChosen = chosen !== undefined && chosen.event === arrow.event && chosen.from === from && chosen.to === to;
    const names = isNote ? `${lanes[start]?.name}: ` : `${lanes[start]?.name} to ${lanes[end]?.name}: `;
    const line = element(
      'span',
      { class: `${isNote ? 'note' : start < end ? 'line right' : 'line left'}${implied ? ' implied' : ''}` },
      element('span', { class: 'hidden' }, names),
      element('span', { class: 'label' }, label.replace('/.well-known/', '…/')),
      toneWords[tone] !== '' && element('span', { class: 'hidden' }, `, ${toneWords[tone]}`),
      durationMilliseconds !== undefined && element('span', { class: 'time' }, ` ${durationMilliseconds} ms`),
    );
    // Each lane stands in the middle of two of eight columns; a note has those around its own lane.
    line.style.gridColumn = isNote
      ? `${Math.max(1, start * 2)} / span 4`
      : `${Math.min(start, end) * 2 + 2} / ${Math.max(start, end) * 2 + 2}`;
    return element(
      'button',
      { id, type: 'button', class: `arrow ${tone}`, 'aria-pressed': String(isChosen), onclick: () => choose(arrow) },
      line,
    );
  }
}

/** What came last is in view. */
export function showLatest() {
  byId('picture').scrollTop = byId('picture').scrollHeight;
}

/**
 * What stands in the way by itself; all advice in one.
 *
 * @param {Finding[]} findings
 */
function grouped(findings) {
  const advice = findings.filter(({ severity }) => severity === 'advice');
  const others = findings.filter(({ severity }) => severity !== 'advice');
  const title = advice.length === 1 ? advice[0]?.title : `${advice.length} things that could be better`;
  return [
    ...others.map((finding) =>
      element(
        'li',
        { class: `finding ${finding.severity}` },
        element('details', { id: `finding-${finding.id}` }, summary(finding.severity, finding.title), inFull(finding)),
      ),
    ),
    advice.length > 0 &&
      element(
        'li',
        { class: 'finding advice' },
        element(
          'details',
          { id: `advice-${advice[0]?.id}` },
          summary('advice', String(title)),
          element(
            'ul',
            {},
            advice.map((finding) => element('li', {}, element('strong', {}, finding.title), inFull(finding))),
          ),
        ),
      ),
  ];
}

/**
 * @param {string} severity
 * @param {string} title
 */
function summary(severity, title) {
  return element('summary', {}, element('strong', {}, severity), ` ${title}`);
}

/** @param {Finding} finding */
function inFull({ id, found, effect, change, standard }) {
  return [
    element('p', {}, withCode(found)),
    element('p', {}, withCode(effect)),
    element('p', {}, 'To change: ', withCode(change)),
    element('p', { class: 'empty' }, `${standard} · ${id}`),
  ];
}
