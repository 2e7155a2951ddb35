//! How a command ends when it does not end well: one line and an exit status.

use lanner_frame::text::shown;
use lanner_pipeline::{HuntError, ModelsError};

/// A command that did not do what it was asked for.
#[derive(Debug)]
pub(crate) struct Failure {
    code: u8,
    text: String,
}

impl Failure {
    /// Something in the world: exit status 1.
    pub(crate) fn failed(text: impl std::fmt::Display) -> Self {
        Self { code: 1, text: text.to_string() }
    }

    /// Something in the command line: exit status 2.
    pub(crate) fn usage(text: impl std::fmt::Display) -> Self {
        Self { code: 2, text: text.to_string() }
    }

    /// More rejects than allowed: exit status 3.
    pub(crate) fn rejects(text: impl std::fmt::Display) -> Self {
        Self { code: 3, text: text.to_string() }
    }

    /// Ctrl-C: exit status 130.
    pub(crate) fn interrupted() -> Self {
        Self { code: 130, text: "interrupted; nothing was written".to_owned() }
    }

    /// The reader of our output went away; nobody is left to tell.
    fn is_silent(&self) -> bool {
        self.text.is_empty()
    }

    /// The exit status.
    pub(crate) fn code(&self) -> u8 {
        self.code
    }

    /// Prints the one line. Log text in it can do nothing to the terminal.
    pub(crate) fn report(&self) {
        if self.is_silent() {
            return;
        }
        let style = anstyle::Style::new().bold().fg_color(Some(anstyle::AnsiColor::Red.into()));
        let text = shown(&self.text);
        anstream::eprintln!("{style}error:{style:#} {text}");
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)
    }
}

impl From<HuntError> for Failure {
    fn from(error: HuntError) -> Self {
        match error {
            HuntError::Usage(text) => Self::usage(text),
            HuntError::Encode(e) => Self::usage(e),
            HuntError::Cancelled => Self::interrupted(),
            HuntError::Read(e) => e.into(),
            HuntError::Collapse(e) => e.into(),
            other => Self::failed(other),
        }
    }
}

impl From<lanner_read::ReadError> for Failure {
    fn from(error: lanner_read::ReadError) -> Self {
        use lanner_read::ReadError as E;
        match error {
            E::Cancelled(_) => Self::interrupted(),
            e @ (E::UnknownField(_)
            | E::ObjectStore { .. }
            | E::BadPattern { .. }
            | E::TooManyColumns { .. }) => Self::usage(e),
            other => Self::failed(other),
        }
    }
}

impl From<lanner_collapse::CollapseError> for Failure {
    fn from(error: lanner_collapse::CollapseError) -> Self {
        use lanner_collapse::CollapseError as E;
        match error {
            E::Cancelled => Self::interrupted(),
            E::Read(e) => e.into(),
            e @ (E::Sql(_) | E::UnknownField(_)) => Self::usage(e),
            other => Self::failed(other),
        }
    }
}

impl From<lanner_report::ReportError> for Failure {
    /// What was behind a failure to write decides the exit status.
    fn from(error: lanner_report::ReportError) -> Self {
        match error {
            lanner_report::ReportError::Source(inner) => match inner.downcast::<HuntError>() {
                Ok(hunt) => (*hunt).into(),
                Err(other) => Self::failed(other),
            },
            e if e.is_usage() => Self::usage(e),
            e => Self::failed(e),
        }
    }
}

impl From<ModelsError> for Failure {
    fn from(error: ModelsError) -> Self {
        Self::usage(error)
    }
}

impl From<lanner_detect::ParamError> for Failure {
    fn from(error: lanner_detect::ParamError) -> Self {
        Self::usage(error)
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        if error.kind() == std::io::ErrorKind::BrokenPipe {
            return Self { code: 0, text: String::new() };
        }
        Self::failed(error)
    }
}
