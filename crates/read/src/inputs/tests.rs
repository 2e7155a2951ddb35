//! A panic inside a reader stays inside its unit.

use super::*;

struct Fragile;

impl Survey for Fragile {
    fn columns(&self) -> &[(String, Kinds)] {
        &[]
    }

    fn scan(&self, _part: usize, _job: &Job<'_>, out: &mut Output<'_>) -> Result<(), Halt> {
        out.rows(&[], vec![0, 1])?;
        out.pending = 3;
        panic!("a reader met what it did not expect");
    }
}

#[test]
fn a_panic_becomes_a_reject() {
    let file = InputFile {
        path: PathBuf::new(),
        shown: String::new(),
        bytes: 0,
        format: "fragile",
        compression: Compression::None,
    };
    let inputs = Inputs(Arc::new(Shared {
        kind: Kind::Table,
        schema: Arc::new(Schema::empty()),
        time: None,
        files: vec![file],
        surveys: vec![Box::new(Fragile)],
        skipped: Vec::new(),
        units: vec![(0, 0)],
        options: Options::default(),
        _copies: Vec::new(),
    }));
    let ledger = Ledger::new(&inputs);
    let mut rows = 0;
    let scan = inputs.scan(0, &[], &ledger, &mut |batch| {
        rows += batch.num_rows();
        ControlFlow::Continue(())
    });
    assert!(scan.is_ok());
    let account = ledger.accounts().remove(0);
    assert_eq!((rows, account.records, account.rejects, account.complete), (2, 6, 4, false));
    assert_eq!(account.listed[0].record, 2);
    assert_eq!(
        account.listed[0].reason,
        "internal error in reader fragile; 3 records lost before it"
    );
}
