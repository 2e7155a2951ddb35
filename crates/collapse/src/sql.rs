//! A user's SQL: field names with dots or in another letter case find their columns.

use crate::CollapseError;
use datafusion::execution::context::SessionState;
use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::ast::{
    Expr, Ident, Statement as Ast, visit_expressions_mut, visit_statements_mut,
};
use datafusion::sql::sqlparser::dialect::GenericDialect;
use datafusion::sql::sqlparser::parser::Parser;
use std::ops::ControlFlow;

/// Names that a user's SQL may mean.
pub(crate) struct Names<'a> {
    /// Columns that there are.
    pub(crate) columns: Vec<String>,
    /// Says whether a dotted path that is no column could be read from the records.
    pub(crate) path: &'a dyn Fn(&str) -> bool,
    /// What to say of a name that is neither.
    pub(crate) unknown: &'a dyn Fn(&str) -> CollapseError,
}

/// Says that a name is no column.
pub(crate) fn no_column(name: &str) -> CollapseError {
    CollapseError::Sql(format!("there is no column {name}"))
}

/// A condition as text in which every field is quoted, and the paths it reads beyond the columns.
///
/// # Errors
/// [`CollapseError::Sql`] if it is not one SQL expression.
pub(crate) fn condition(
    text: &str,
    names: &Names<'_>,
) -> Result<(String, Vec<String>), CollapseError> {
    let wrong = |e: &dyn std::fmt::Display| CollapseError::Sql(format!("in the condition: {e}"));
    let mut parser = Parser::new(&GenericDialect {}).try_with_sql(text).map_err(|e| wrong(&e))?;
    let mut expr = parser.parse_expr().map_err(|e| wrong(&e))?;
    let rest = parser.peek_token();
    if rest.token != datafusion::sql::sqlparser::tokenizer::Token::EOF {
        return Err(wrong(&format!("unexpected {rest} after the expression")));
    }
    let mut paths = Vec::new();
    let unknown = visit_expressions_mut(&mut expr, |e| {
        quote(e, names, &mut paths);
        match e {
            Expr::Identifier(name) if name.quote_style.is_none() => {
                ControlFlow::Break(name.value.clone())
            }
            Expr::CompoundIdentifier(parts) if parts.iter().all(|p| p.quote_style.is_none()) => {
                let parts: Vec<&str> = parts.iter().map(|p| p.value.as_str()).collect();
                ControlFlow::Break(parts.join("."))
            }
            _ => ControlFlow::Continue(()),
        }
    });
    match unknown {
        ControlFlow::Break(name) => Err((names.unknown)(&name)),
        ControlFlow::Continue(()) => Ok((expr.to_string(), paths)),
    }
}

/// A statement in which every field is quoted, and the paths it reads beyond the columns.
///
/// # Errors
/// [`CollapseError::Sql`] if it is not one SQL statement.
pub(crate) fn statement(
    state: &SessionState,
    text: &str,
    names: &Names<'_>,
) -> Result<(Statement, Vec<String>), CollapseError> {
    let dialect = state.config_options().sql_parser.dialect;
    let mut parsed = state.sql_to_statement(text, &dialect)?;
    let mut paths = Vec::new();
    if let Statement::Statement(inner) = &mut parsed {
        let ast: &mut Ast = inner;
        let _ = visit_statements_mut(ast, |s| {
            let _ = visit_expressions_mut(s, |e| {
                quote(e, names, &mut paths);
                ControlFlow::<()>::Continue(())
            });
            ControlFlow::<()>::Continue(())
        });
    }
    Ok((parsed, paths))
}

/// Replaces a name that means a column (with dots, in another case, behind a table's name) by the
/// quoted column.
fn quote(expr: &mut Expr, names: &Names<'_>, paths: &mut Vec<String>) {
    let parts = match expr {
        Expr::Identifier(one) => std::slice::from_ref(one),
        Expr::CompoundIdentifier(parts) => parts.as_slice(),
        _ => return,
    };
    if parts.iter().any(|p| p.quote_style.is_some()) {
        return;
    }
    let joined = |from: usize| {
        let texts: Vec<&str> = parts[from..].iter().map(|p| p.value.as_str()).collect();
        texts.join(".")
    };
    // The whole as a column, then without a table's name in front.
    for skip in 0..parts.len().min(2) {
        if let Some(column) = find(&names.columns, &joined(skip)) {
            let column = Ident::with_quote('"', column);
            *expr = match skip {
                0 => Expr::Identifier(column),
                _ => Expr::CompoundIdentifier(vec![parts[0].clone(), column]),
            };
            return;
        }
    }
    let whole = joined(0);
    if parts.len() > 1 && (names.path)(&whole) {
        if !paths.contains(&whole) {
            paths.push(whole.clone());
        }
        *expr = Expr::Identifier(Ident::with_quote('"', whole));
    }
}

/// The column of this name; letter case aside if only one fits.
fn find(columns: &[String], name: &str) -> Option<String> {
    if columns.iter().any(|c| c == name) {
        return Some(name.to_owned());
    }
    let mut alike = columns.iter().filter(|c| c.eq_ignore_ascii_case(name));
    alike.next().filter(|_| alike.next().is_none()).cloned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quoted(text: &str) -> String {
        let columns = vec!["eventName".into(), "userIdentity.arn".into(), "n".into()];
        let path = |p: &str| p.starts_with("requestParameters.");
        let names = Names { columns, path: &path, unknown: &no_column };
        let (text, paths) = condition(text, &names).unwrap();
        format!("{text} {paths:?}")
    }

    #[test]
    fn names_find_their_columns() {
        assert_eq!(quoted("eventname = 'A'"), "\"eventName\" = 'A' []");
        assert_eq!(quoted("userIdentity.arn IS NULL"), "\"userIdentity.arn\" IS NULL []");
        assert_eq!(quoted("rows.n > 2"), "rows.\"n\" > 2 []");
        assert_eq!(
            quoted("requestParameters.bucketName = 'b'"),
            "\"requestParameters.bucketName\" = 'b' [\"requestParameters.bucketName\"]"
        );
    }

    #[test]
    fn a_condition_is_one_expression() {
        let names = Names { columns: vec![], path: &|_| false, unknown: &no_column };
        assert!(condition("nosuch = 1", &names).unwrap_err().to_string().contains("nosuch"));
        assert!(condition("1 = 1; DROP TABLE x", &names).is_err());
        assert!(condition("", &names).is_err());
    }
}
