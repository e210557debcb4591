//! Every line that was ever written, and what became of it: the oracle's memory.
//!
//! Invariant: a line that lies in the spool where it can be read, or did when it was last read, has instances.

/// How a line must end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Expected {
    Row,
    Quarantine,
}

#[derive(Debug, Clone)]
struct Line {
    expected: Expected,
    /// Whether its newline was written.
    complete: bool,
    /// How often it lies in files that can be read.
    instances: u32,
    /// Whether nobody could have read it any more at some time before it had its end.
    may_vanish: bool,
    /// Whether a copy of it was made that no agent lived to tell from a file of its own (see `docs/reliability.md`).
    may_double: bool,
    rows: u32,
}

/// All lines, by number.
#[derive(Debug, Default)]
pub(crate) struct Lines(Vec<Line>);

impl Lines {
    /// A number for a line that is about to be written.
    pub(crate) fn begin(&mut self) -> u64 {
        let line = Line {
            expected: Expected::Row,
            complete: false,
            instances: 0,
            may_vanish: false,
            may_double: false,
            rows: 0,
        };
        self.0.push(line);
        self.0.len() as u64 - 1
    }

    /// How many numbers were given.
    pub(crate) fn begun(&self) -> u64 {
        self.0.len() as u64
    }

    /// The newline of a line was written, behind `text`.
    pub(crate) fn complete(&mut self, number: u64, expected: Expected) {
        let line = &mut self.0[number as usize];
        assert!(!line.complete, "the model writes no line twice");
        (line.complete, line.expected, line.instances) = (true, expected, 1);
    }

    /// A copy of it was made.
    pub(crate) fn copied(&mut self, number: u64) {
        self.0[number as usize].instances += 1;
    }

    /// It went away in one place.
    pub(crate) fn destroyed(&mut self, number: u64) {
        let line = &mut self.0[number as usize];
        line.instances = line.instances.saturating_sub(1);
        line.may_vanish |= line.instances == 0;
    }

    /// The agent's life ended between its copy and the truncation of its original.
    pub(crate) fn may_double(&mut self, number: u64) {
        self.0[number as usize].may_double = true;
    }

    /// Whether it may have two ends.
    pub(crate) fn is_allowed_twice(&self, number: u64) -> bool {
        self.0[number as usize].may_double
    }

    /// A row of it was committed.
    pub(crate) fn row(&mut self, number: u64) -> Result<(), String> {
        let line = self.0.get_mut(number as usize).ok_or_else(|| format!("line {number} was never written"))?;
        line.rows += 1;
        if !line.complete {
            return Err(format!("line {number} became a row before it was finished"));
        }
        if line.rows > 1 && !line.may_double {
            return Err(format!("line {number} became {} rows", line.rows));
        }
        if line.expected == Expected::Quarantine {
            return Err(format!("line {number} became a row and is none"));
        }
        Ok(())
    }

    /// How many were written.
    pub(crate) fn count(&self) -> usize {
        self.0.iter().filter(|line| line.complete).count()
    }

    /// How many became rows.
    pub(crate) fn rows(&self) -> usize {
        self.0.iter().filter(|line| line.rows > 0).count()
    }

    /// Lines without an end that need one, given the numbers of those in quarantine, which are sorted.
    pub(crate) fn open(&self, quarantined: &[u64]) -> Vec<u64> {
        let open = |(number, line): &(usize, &Line)| {
            line.complete && !line.may_vanish && line.rows == 0 && quarantined.binary_search(&(*number as u64)).is_err()
        };
        self.0.iter().enumerate().filter(open).map(|(number, _)| number as u64).collect()
    }

    /// How many ends lines may have beyond those they need: a line that nobody could have read or that is unfinished needs
    /// none, and some may have one more.
    pub(crate) fn ends_not_needed(&self, quarantined: &[u64]) -> u64 {
        let needless = |(number, line): (usize, &Line)| {
            let has_end = line.rows > 0 || quarantined.binary_search(&(number as u64)).is_ok();
            u64::from(line.may_double) + u64::from((line.may_vanish || !line.complete) && !has_end)
        };
        self.0.iter().enumerate().map(needless).sum()
    }

    /// Whether a line is to end in quarantine.
    pub(crate) fn is_for_quarantine(&self, number: u64) -> bool {
        self.0.get(number as usize).is_some_and(|line| line.expected == Expected::Quarantine)
    }

    /// Whether a line became a row.
    pub(crate) fn is_row(&self, number: u64) -> bool {
        self.0.get(number as usize).is_some_and(|line| line.rows > 0)
    }
}

/// The number of the line that a text is, or is the end of.
pub(crate) fn number_in(text: &str) -> Option<u64> {
    let at = text.rfind("line-")? + "line-".len();
    let digits: String = text[at..].chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}
