//! `generate`: man pages and shell completions, made from the command line itself while the program is packaged. So no page
//! can tell of another program than the one beside it.

use std::fmt::Write as _;
use std::io;
use std::path::Path;

use clap::{CommandFactory, ValueEnum};
use clap_complete::Shell;

use super::{Cli, Exit, complain};

/// What to make.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum What {
    /// A man page for each command, and one for the config file.
    Man,
    /// Completions for bash, fish and zsh.
    Completions,
}

/// The name of the page about the config file.
const CONFIG_PAGE: &str = "tracespool.toml.5";

/// The file that shows every key of the config.
const EXAMPLE: &str = include_str!("../../config.example.toml");

/// Writes files into a folder that exists.
pub fn generate(what: What, folder: &Path) -> Exit {
    let written = match what {
        What::Man => man(folder),
        What::Completions => completions(folder),
    };
    match written {
        Ok(()) => Exit::Done,
        Err(error) => {
            complain(format_args!("cannot write into {}: {error}", folder.display()));
            Exit::FileSystem
        }
    }
}

fn completions(folder: &Path) -> io::Result<()> {
    // Those of clap show hidden commands too.
    let whole = Cli::command();
    let shown = whole.get_subcommands().filter(|command| !command.is_hide_set()).cloned();
    let mut shown = clap::Command::new("tracespool").version(env!("CARGO_PKG_VERSION")).subcommands(shown);
    for shell in [Shell::Bash, Shell::Fish, Shell::Zsh] {
        clap_complete::generate_to(shell, &mut shown, "tracespool", folder)?;
    }
    Ok(())
}

fn man(folder: &Path) -> io::Result<()> {
    // `help` needs no page.
    let quiet = |command: clap::Command| command.disable_help_subcommand(true);
    let mut root = quiet(Cli::command()).mut_subcommands(quiet);
    root.build();
    page(&root, folder)?;
    std::fs::write(folder.join(CONFIG_PAGE), config_page(EXAMPLE))
}

/// The page of a command, and those of the commands below it.
fn page(command: &clap::Command, folder: &Path) -> io::Result<()> {
    let name = command.get_display_name().unwrap_or(command.get_name());
    let mut text = Vec::new();
    clap_mangen::Man::new(command.clone()).render(&mut text)?;
    text.extend_from_slice(if name == "tracespool" { ROOT_SECTIONS } else { SECTIONS }.as_bytes());
    std::fs::write(folder.join(format!("{name}.1")), text)?;
    let mut below = command.get_subcommands().filter(|command| !command.is_hide_set());
    below.try_for_each(|command| page(command, folder))
}

/// What a command line does not know of itself.
const ROOT_SECTIONS: &str = r#".SH "EXIT STATUS"
.TP
0
Done.
.TP
64
The command line or the config is wrong.
.TP
69
The database cannot be reached (commands that run once).
.TP
70
A defect of tracespool; please report it.
.TP
74
The file system does not let it.
.TP
75
Drained, pruned or replayed only in part.
.TP
78
\fBcheck \-\-connect\fR has found an error.
.SH FILES
.TP
/etc/tracespool/config.toml
The config, \fBtracespool.toml\fR(5).
.TP
/etc/tracespool/database-password
The password, which the service gets as a systemd credential.
.TP
/var/spool/tracespool
Where applications write.
.TP
/var/lib/tracespool
The state, and the lines that cannot become rows.
.SH ENVIRONMENT
.TP
TRACESPOOL__SECTION__KEY
Wins over the key of the config file.
.TP
CREDENTIALS_DIRECTORY
The folder in which the file database\-password is looked for; systemd sets it.
.SH "SEE ALSO"
\fBtracespool.toml\fR(5), /usr/share/doc/tracespool
"#;

const SECTIONS: &str = r#".SH "SEE ALSO"
\fBtracespool\fR(1), \fBtracespool.toml\fR(5)
"#;

/// The example config as a page: a section a heading, a key an entry with its default and the comment above it.
fn config_page(example: &str) -> String {
    let mut page = format!(
        ".ie \\n(.g .ds Aq \\(aq\n.el .ds Aq '\n.TH tracespool.toml 5 \"\" \"tracespool {}\"\n.SH NAME\ntracespool.toml \\- \
         the config of tracespool\n.SH DESCRIPTION\n",
        env!("CARGO_PKG_VERSION")
    );
    let mut comment = Vec::new();
    for line in example.lines() {
        let bare = line.strip_prefix("# ").unwrap_or(line);
        if let Some(section) = line.strip_prefix('[') {
            paragraph(&mut page, &std::mem::take(&mut comment));
            push(&mut page, format_args!(".SH \"[{section}\""));
        } else if let Some((key, value)) = setting(bare) {
            push(&mut page, format_args!(".TP\n\\fB{}\\fR = {}", escape(key), escape(value)));
            if line == bare {
                push(&mut page, format_args!("(required)\n.br"));
            }
            paragraph(&mut page, &std::mem::take(&mut comment));
        } else if line == "#" || line.is_empty() {
            paragraph(&mut page, &std::mem::take(&mut comment));
            if line == "#" {
                push(&mut page, format_args!(".PP"));
            }
        } else {
            comment.push(line.trim_start_matches('#'));
        }
    }
    page.push_str(".SH \"SEE ALSO\"\n\\fBtracespool\\fR(1)\n");
    page
}

/// A line `key = value`.
pub(super) fn setting(line: &str) -> Option<(&str, &str)> {
    let (key, value) = line.split_once(" = ")?;
    let named = !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    named.then_some((key, value))
}

/// Comment lines as text; those that are indented stay as they are.
fn paragraph(page: &mut String, lines: &[&str]) {
    let mut verbatim = false;
    for line in lines {
        let indented = line.starts_with("   ");
        if indented != verbatim {
            push(page, format_args!("{}", if indented { ".nf" } else { ".fi" }));
            verbatim = indented;
        }
        push(page, format_args!("{}", escape(if indented { line } else { line.trim() })));
    }
    if verbatim {
        push(page, format_args!(".fi"));
    }
}

fn push(page: &mut String, line: std::fmt::Arguments<'_>) {
    // Writing into a string cannot fail.
    if page.write_fmt(line).is_ok() {
        page.push('\n');
    }
}

/// Text that roff shows as it is.
fn escape(text: &str) -> String {
    let text = text.replace('\\', "\\e").replace('-', "\\-").replace('\'', "\\(aq").replace('`', "\\(ga");
    if text.starts_with('.') { format!("\\&{text}") } else { text }
}
