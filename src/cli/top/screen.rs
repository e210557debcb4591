//! The screen of `top`: one picture, laid out for the room there is.
//!
//! Invariant: it draws what it is given and nothing else; it reads no clock and asks nobody.

use std::time::Duration;

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Borders, Paragraph, Sparkline};

use crate::report::words::{self, count, counted, plain, rate, size, tallies, whole_seconds};
use crate::report::{Latency, Report, Verdict};

/// From this size on there is room for charts and panels side by side.
const WIDE: (u16, u16) = (110, 30);

/// How wide the names of rows are.
const LABEL: usize = 11;

/// How wide a value is at least beside which its last minutes are drawn.
const VALUE: usize = 31;

/// How many files are named if there are as many, rather than that every row is shown.
const FILES_MIN: usize = 4;

/// Rows that can be spared, the first ones first.
const SPARE: [&str; 6] = ["memory", "lines/s", "files", "delivery", "last error", "scrubbed"];

const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

const DIM: Style = Style::new().add_modifier(Modifier::DIM);
const BOLD: Style = Style::new().add_modifier(Modifier::BOLD);

/// What there is to draw.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct View {
    /// The last answer of the agent.
    pub report: Option<Report>,
    /// Why the agent does not answer now, and for how long it has not.
    pub trouble: Option<(String, Duration)>,
}

/// Draws the screen.
pub fn draw(frame: &mut Frame, view: &View) {
    let area = frame.area();
    let top = top(view, area.width);
    let [head, rest] = Layout::vertical([Constraint::Length(top.len() as u16), Constraint::Fill(1)]).areas(area);
    frame.render_widget(Paragraph::new(top), head);
    let Some(report) = &view.report else { return };
    if area.width >= WIDE.0 && area.height >= WIDE.1 {
        wide(frame, report, rest);
    } else {
        narrow(frame, report, rest);
    }
    if view.trouble.is_some() {
        // What is shown is from before.
        frame.buffer_mut().set_style(rest, DIM);
    }
}

/// Who it is, how it is, and why.
fn top(view: &View, width: u16) -> Vec<Line<'static>> {
    let width = usize::from(width);
    let mut lines = Vec::new();
    let who = view.report.as_ref().map_or_else(String::new, |report| {
        format!("{} {} · up {}", plain(&report.agent), plain(&report.version), whole_seconds(report.uptime_seconds))
    });
    let (name, keys) = (" tracespool ", " q quits ");
    let room = width.saturating_sub(name.len() + keys.len());
    let bar = format!("{name}{:<room$}{keys}", cut(&who, room));
    lines.push(Line::styled(bar, Style::new().add_modifier(Modifier::REVERSED)));
    if let Some((why, since)) = &view.trouble {
        let since = words::duration(Duration::from_secs(since.as_secs()));
        let when = match view.report {
            Some(_) => format!("no answer for {since}, trying again (last one below)"),
            None => format!("no answer yet, trying for {since}"),
        };
        lines.push(Line::styled(cut(&when, width), BOLD.fg(Color::Red)));
        lines.extend(
            wrapped(&plain(why), width).into_iter().map(|line| Line::styled(line, Style::new().fg(Color::Red))),
        );
    } else if let Some(report) = &view.report {
        let colour = match report.health.verdict {
            Verdict::Ok => Color::Green,
            Verdict::Degraded => Color::Yellow,
            Verdict::Stuck => Color::Red,
        };
        lines.push(Line::styled(cut(&report.headline(), width), BOLD.fg(colour)));
        // The headline says already that the database is away.
        let reasons = report.health.reasons.iter().filter(|reason| !reason.starts_with("database: "));
        lines.extend(reasons.map(|reason| Line::styled(cut(&plain(reason), width), Style::new().fg(colour))));
    } else {
        lines.push(Line::styled("asking the agent …", DIM));
    }
    lines
}

/// Everything below one another, with the last minutes beside the values.
fn narrow(frame: &mut Frame, report: &Report, area: Rect) {
    let width = usize::from(area.width);
    let mut lines = Vec::new();
    let (rows, files) = (rows(report), files(report, width));
    let needed =
        if files.is_empty() { 0 } else { 1 + files.len().min(FILES_MIN) + usize::from(report.backlog.more_files > 0) };
    for Row { label, value, style, recent } in most_important(rows, usize::from(area.height).saturating_sub(needed)) {
        let room = width.saturating_sub(LABEL);
        let mut spans = vec![Span::styled(format!("{label:<LABEL$}"), DIM), Span::styled(cut(&value, room), style)];
        let left = room.saturating_sub(VALUE + 1);
        if let Some(recent) = recent.filter(|_| left >= 8 && value.chars().count() <= VALUE) {
            let gap = VALUE + 1 - value.chars().count();
            spans.push(Span::raw(" ".repeat(gap)));
            spans.push(Span::styled(spark(&recent, left), Style::new().fg(Color::Cyan)));
        }
        lines.push(Line::from(spans));
    }
    if !files.is_empty() && lines.len() + 2 <= usize::from(area.height) {
        lines.push(title("backlog by file", width));
        let room = usize::from(area.height).saturating_sub(lines.len());
        lines.extend(files_within(files, report.backlog.more_files, room));
    }
    frame.render_widget(Paragraph::new(lines), area);
}

/// The rows without the ones that can best be spared, so that at most so many are left, if that can be.
fn most_important(mut rows: Vec<Row>, most: usize) -> Vec<Row> {
    for spare in SPARE {
        if rows.len() <= most {
            break;
        }
        // What is coloured is so because it matters now.
        rows.retain(|row| row.label != spare || row.style.fg.is_some());
    }
    rows
}

/// Charts beside the values, and panels below.
fn wide(frame: &mut Frame, report: &Report, area: Rect) {
    let rows = rows(report);
    let height = (rows.len() as u16 + 1).max(15).min(area.height.saturating_sub(6));
    let [_, middle, below] =
        Layout::vertical([Constraint::Length(1), Constraint::Length(height), Constraint::Fill(1)]).areas(area);
    let [values, charts] =
        Layout::horizontal([Constraint::Percentage(48), Constraint::Fill(1)]).spacing(2).areas(middle);
    let room = usize::from(values.width).saturating_sub(LABEL);
    let lines = rows.into_iter().map(|Row { label, value, style, recent: _ }| {
        Line::from(vec![Span::styled(format!("{label:<LABEL$}"), DIM), Span::styled(cut(&value, room), style)])
    });
    frame.render_widget(Paragraph::new(lines.collect::<Vec<_>>()), values);
    let history = &report.history;
    let peak = |recent: &[Option<f64>]| recent.iter().flatten().copied().fold(0.0, f64::max);
    let rows: Vec<_> = history.rows_per_second.iter().copied().map(Some).collect();
    let backlog: Vec<_> = history.backlog_bytes.iter().map(|bytes| Some(*bytes as f64)).collect();
    let pictures = [
        (format!("rows/s, peak {}", rate(peak(&rows))), rows),
        (format!("backlog, peak {}", size(peak(&backlog) as u64)), backlog),
        (format!("commit, slowest {}", words::seconds(peak(&history.commit_seconds))), history.commit_seconds.clone()),
    ];
    let places: [Rect; 3] = Layout::vertical([Constraint::Fill(1); 3]).areas(charts);
    for ((name, recent), place) in pictures.into_iter().zip(places) {
        chart(frame, &name, &recent, place);
    }
    let [files_panel, lost, scrubbed] =
        Layout::horizontal([Constraint::Percentage(40), Constraint::Percentage(35), Constraint::Fill(1)])
            .spacing(2)
            .areas(below);
    let inside = panel(frame, &format!("backlog by file: {}", size(report.backlog.bytes)), files_panel);
    let named = files(report, usize::from(inside.width));
    let lines = files_within(named, report.backlog.more_files, usize::from(inside.height));
    frame.render_widget(Paragraph::new(or_none(lines)), inside);
    let inside = panel(frame, "let go and quarantine", lost);
    frame.render_widget(Paragraph::new(or_none(ends(report))), inside);
    let inside = panel(frame, "scrubbed by rule", scrubbed);
    let rules = words::sorted(&report.secrets_scrubbed).into_iter();
    let rules = rules.map(|(rule, hits)| Line::raw(format!("{:>11}  {rule}", count(hits))));
    frame.render_widget(Paragraph::new(or_none(rules.collect())), inside);
}

/// A value under its name, as the screen shows it.
struct Row {
    label: &'static str,
    value: String,
    style: Style,
    /// What it was in the last minutes.
    recent: Option<Vec<Option<f64>>>,
}

impl Row {
    fn new(label: &'static str, value: String) -> Self {
        Row { label, value, style: Style::new(), recent: None }
    }

    fn styled(self, style: Style) -> Self {
        Row { style, ..self }
    }

    fn with(self, recent: Vec<Option<f64>>) -> Self {
        Row { recent: Some(recent), ..self }
    }
}

/// The values, what matters most first.
fn rows(report: &Report) -> Vec<Row> {
    let Report { database, rates, backlog, batch, lines, files, history, .. } = report;
    let since = database.since_seconds.map(whole_seconds).unwrap_or_default();
    let warning = |is: bool| if is { Style::new().fg(Color::Yellow) } else { Style::new() };
    let (state, style) = match (database.away(), database.is_up()) {
        (Some((_, reason)), _) => (format!("away for {since} ({reason})"), BOLD.fg(Color::Red)),
        (None, true) => (format!("takes rows, for {since}"), Style::new().fg(Color::Green)),
        (None, false) => ("not reached yet".to_owned(), warning(true)),
    };
    let mut rows = vec![Row::new("database", state).styled(style)];
    if let Some(last) = database.last_error.as_ref().filter(|_| database.is_up()) {
        rows.push(Row::new("last error", format!("{}, {} ago", last.class, whole_seconds(last.seconds_ago))));
    }
    let numbers = |list: &[f64]| list.iter().copied().map(Some).collect();
    rows.push(Row::new("rows/s", rate(rates.rows)).styled(BOLD).with(numbers(&history.rows_per_second)));
    rows.push(Row::new("lines/s", rate(rates.lines)));
    let behind = match backlog.bytes {
        0 => "none".to_owned(),
        bytes => format!("{}, {} behind", size(bytes), whole_seconds(backlog.seconds)),
    };
    let bytes = history.backlog_bytes.iter().map(|bytes| Some(*bytes as f64)).collect();
    rows.push(Row::new("backlog", behind).styled(BOLD).with(bytes));
    rows.push(Row::new("commit", latency(report.commit)).with(history.commit_seconds.clone()));
    rows.push(Row::new("delivery", latency(report.delivery)));
    let last = counted(batch.last_rows, "row", "rows");
    rows.push(Row::new(
        "batch",
        format!("{last}, {:.0} % of the limit, {} at once", batch.share * 100.0, batch.at_once),
    ));
    let ended = format!("{} read, {} committed", count(lines.read), count(lines.committed));
    rows.push(Row::new("lines", ended));
    let with_kinds = |total: u64, kinds: Option<String>| match kinds {
        Some(kinds) => format!("{} ({kinds})", count(total)),
        None => "none".to_owned(),
    };
    let by_severity =
        lines.shed_by_severity().into_iter().map(|(severity, lines)| (severity.to_owned(), lines)).collect();
    let shed = with_kinds(lines.shed_in_all(), tallies(&by_severity, 4));
    rows.push(Row::new("let go", shed).styled(warning(rates.shed > 0.0)));
    rows.push(Row::new("quarantine", with_kinds(lines.quarantined_in_all(), tallies(&lines.quarantined, 3))));
    let scrubbed = report.secrets_scrubbed.values().sum();
    rows.push(Row::new("scrubbed", with_kinds(scrubbed, tallies(&report.secrets_scrubbed, 3))));
    if report.bytes_vanished > 0 {
        let bytes = format!("{} before they were read", size(report.bytes_vanished));
        rows.push(Row::new("vanished", bytes).styled(warning(true)));
    }
    let (followed, open) = (count(files.followed), count(files.open));
    let followed = format!("{followed} followed, {open} open, {} not read", count(files.not_read));
    rows.push(Row::new("files", followed).styled(warning(files.not_read > 0)));
    let memory = report.memory_resident_bytes.map_or_else(|| "unknown".to_owned(), size);
    let checkpoint = words::seconds(report.checkpoint_age_seconds);
    rows.push(Row::new("memory", format!("{memory}, checkpoint {checkpoint} ago")));
    rows
}

fn latency(latency: Latency) -> String {
    match latency {
        Latency { p50_seconds: Some(p50), p99_seconds: Some(p99) } => {
            format!("{}, p99 {}", words::seconds(p50), words::seconds(p99))
        }
        Latency { .. } => "none yet".to_owned(),
    }
}

/// Where the backlog is, each a line of at most that width: in batches, then in the files with most of it.
fn files(report: &Report, width: usize) -> Vec<Line<'static>> {
    let line = |bytes: u64, what: String| {
        let what = cut_front(&what, width.saturating_sub(LABEL));
        Line::from(vec![Span::raw(format!("{:>9}  ", size(bytes))), Span::raw(what)])
    };
    let in_flight = report.backlog.in_flight_bytes;
    let in_flight = (in_flight > 0).then(|| line(in_flight, "read, not committed yet".to_owned()));
    let files = report.backlog.files.iter().map(|file| line(file.unread_bytes, plain(&file.path)));
    in_flight.into_iter().chain(files).collect()
}

/// As many of them as there is room for, and how many others there are.
fn files_within(mut files: Vec<Line<'static>>, more: u64, room: usize) -> Vec<Line<'static>> {
    let mut others = more;
    if others > 0 || files.len() > room {
        let named = room.saturating_sub(1);
        others += files.len().saturating_sub(named) as u64;
        files.truncate(named);
    }
    if others > 0 {
        files.push(Line::styled(format!("{:>9}  {}", "", counted(others, "more file", "more files")), DIM));
    }
    files
}

/// What became of the lines that are no rows.
fn ends(report: &Report) -> Vec<Line<'static>> {
    let mut let_go = Vec::new();
    for (reason, severities) in &report.lines.shed {
        let counts = words::sorted(severities).into_iter();
        let_go.extend(counts.map(|(severity, number)| (format!("{reason} {severity}"), number)));
    }
    let quarantined = words::sorted(&report.lines.quarantined).into_iter();
    let quarantined: Vec<_> = quarantined.map(|(reason, number)| (reason.to_owned(), number)).collect();
    let mut lines = Vec::new();
    for (name, counts) in [("let go", let_go), ("quarantined", quarantined)] {
        if !counts.is_empty() {
            lines.push(Line::styled(format!("{:>11}  {name}", ""), DIM));
        }
        lines.extend(counts.into_iter().map(|(kind, number)| Line::raw(format!("{:>11}  {kind}", count(number)))));
    }
    lines
}

fn or_none(lines: Vec<Line<'static>>) -> Vec<Line<'static>> {
    if lines.is_empty() { vec![Line::styled("none", DIM)] } else { lines }
}

/// A panel with its name; returns the room within.
fn panel(frame: &mut Frame, name: &str, area: Rect) -> Rect {
    let block = Block::new().borders(Borders::TOP).border_style(DIM).title(Span::styled(format!(" {name} "), BOLD));
    let inside = block.inner(area);
    frame.render_widget(block, area);
    inside
}

/// The last minutes as bars, the newest on the right.
fn chart(frame: &mut Frame, name: &str, recent: &[Option<f64>], area: Rect) {
    let inside = panel(frame, name, area);
    let shown = last(recent, usize::from(inside.width));
    let peak = shown.iter().flatten().copied().fold(0.0, f64::max);
    // Bars have whole heights: of a thousand steps.
    let height = |value: f64| if peak > 0.0 { (value / peak * 1e3).ceil() as u64 } else { 0 };
    let missing = usize::from(inside.width) - shown.len();
    let bars = std::iter::repeat_n(0, missing).chain(shown.iter().map(|value| value.map_or(0, height)));
    let bars = Sparkline::default().data(bars.collect::<Vec<u64>>()).max(1_000).style(Style::new().fg(Color::Cyan));
    frame.render_widget(bars, inside);
}

/// The last minutes as one line of bars. Nothing is blank, zero is the lowest bar.
fn spark(recent: &[Option<f64>], width: usize) -> String {
    let shown = last(recent, width);
    let peak = shown.iter().flatten().copied().fold(0.0, f64::max);
    let bar = |value: &Option<f64>| match value {
        None => ' ',
        Some(value) if peak > 0.0 => BARS[((value / peak * 7.0).ceil().max(0.0) as usize).min(7)],
        Some(_) => BARS[0],
    };
    let missing = " ".repeat(width - shown.len());
    missing + &shown.iter().map(bar).collect::<String>()
}

fn last<T>(list: &[T], most: usize) -> &[T] {
    &list[list.len().saturating_sub(most)..]
}

fn title(name: &str, width: usize) -> Line<'static> {
    let rule = "─".repeat(width.saturating_sub(name.chars().count() + 3));
    Line::from(vec![Span::styled("─", DIM), Span::styled(format!(" {name} "), BOLD), Span::styled(rule, DIM)])
}

/// A text that fits into so many columns.
fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let mut cut: String = text.chars().take(width.saturating_sub(1)).collect();
    cut.push('…');
    cut
}

/// The end of a text that fits: of a path that matters most.
fn cut_front(text: &str, width: usize) -> String {
    let length = text.chars().count();
    if length <= width {
        return text.to_owned();
    }
    let rest: String = text.chars().skip(length + 1 - width.max(1)).collect();
    format!("…{rest}")
}

/// A text in lines of at most so many columns, broken between words.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            Some(_) | None => lines.push(cut(word, width)),
        }
    }
    lines
}

#[cfg(test)]
mod tests;
