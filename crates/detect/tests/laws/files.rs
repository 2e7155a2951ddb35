//! Laws of model files: they give back the model, and no bytes can harm who reads them.

use super::{SEED, bits, context, fit, for_each_detector, new_scores, tables};
use lanner_detect::{Entry, Fitted, ModelError, Part, load, save};
use lanner_frame::Rng;
use lanner_testkit::Table;
use sha2::{Digest, Sha256};
use std::sync::mpsc;
use std::time::Duration;

/// Where the checksum stands and where the content begins.
const CHECKSUM: std::ops::Range<usize> = 12..44;

fn file_of(entry: &dyn Entry, table: &Table) -> Vec<u8> {
    save(entry.card().id, &*fit(entry, table))
}

/// Everything that can be asked of a model; a model from hostile bytes must answer too.
fn ask_all(model: &dyn Fitted, entry: &dyn Entry, table: &Table) {
    let _ = (model.own_scores(), model.notes(), model.columns(), model.parts());
    let Some(scorer) = model.scorer().filter(|_| model.columns() == table.x.columns()) else {
        return;
    };
    let mut shares = vec![0.0; table.x.columns()];
    for row in table.x.iter_rows().step_by(40) {
        let _ = (scorer.score(row), scorer.shares(row, &mut shares));
    }
    let few: Vec<usize> = (0..table.x.rows()).step_by(60).collect();
    let _ = scorer.score_all(&table.ordered(&few).x, &context(entry, 1, SEED));
}

#[test]
fn a_model_read_back_scores_to_the_bit() {
    for table in tables() {
        for_each_detector(|entry| {
            let model = fit(entry, &table);
            let (id, again) = load(&save(entry.card().id, &*model)).unwrap();
            assert_eq!(id, entry.card().id);
            let (model, again) = (model.as_fitted(), again.as_fitted());
            assert!(bits(model.own_scores()) == bits(again.own_scores()));
            assert_eq!((model.columns(), model.notes()), (again.columns(), again.notes()));
            assert!(model.parts().iter().all(Part::is_whole), "a part is not whole");
            assert_eq!(model.parts(), again.parts());
            let ctx = context(entry, 1, SEED);
            let news = |m: &dyn Fitted| new_scores(m, &table, &ctx).map(|s| bits(&s));
            assert!(news(model) == news(again), "new rows score otherwise");
        });
    }
}

#[test]
fn damage_is_found_by_the_checksum() {
    let [codes, _] = tables();
    for_each_detector(|entry| {
        let whole = file_of(entry, &codes);
        let mut rng = Rng::new(SEED, 3);
        for _ in 0..200 {
            let mut file = whole.clone();
            let at = rng.below(file.len() as u64) as usize;
            file[at] ^= 1 << rng.below(8);
            assert!(load(&file).is_err(), "bit flipped in byte {at}, and read");
            let cut = rng.below(whole.len() as u64) as usize;
            assert!(load(&whole[..cut]).is_err(), "cut to {cut} bytes, and read");
        }
    });
}

/// Content changed or cut short by someone who can compute a checksum: refused or harmless, and soon.
#[test]
fn hostile_content_neither_panics_nor_hangs() {
    let table = Table::codes(SEED, 250, 5).and_row(90.0, 1);
    for_each_detector(|entry| {
        let whole = file_of(entry, &table);
        let (done, finished) = mpsc::channel();
        let table = table.clone();
        let worker = std::thread::spawn(move || {
            let mut rng = Rng::new(SEED, 4);
            for round in 0..400 {
                let file = forged(&whole, round, &mut rng);
                match load(&file) {
                    Ok((_, model)) => ask_all(model.as_fitted(), entry, &table),
                    Err(ModelError::Content(_) | ModelError::Detector) => {}
                    Err(other) => panic!("the forgery itself was found: {other}"),
                }
            }
            done.send(()).expect("the test waits");
        });
        // The sender is dropped by a panic; only a hang runs into the limit.
        let ended = finished.recv_timeout(Duration::from_mins(2));
        assert!(!matches!(ended, Err(mpsc::RecvTimeoutError::Timeout)), "a forged model hangs");
        if let Err(panic) = worker.join() {
            std::panic::resume_unwind(panic);
        }
    });
}

/// A file with a few bytes of its model changed, or its end cut off, under a checksum that fits.
fn forged(whole: &[u8], round: u32, rng: &mut Rng) -> Vec<u8> {
    let mut file = whole.to_vec();
    let model = CHECKSUM.end + 1 + usize::from(whole[CHECKSUM.end]);
    let span = (file.len() - model) as u64;
    if round.is_multiple_of(5) {
        file.truncate(model + rng.below(span) as usize);
    } else {
        // Early bytes hold the sizes of a model, so half of the changes go there.
        for _ in 0..=rng.below(3) {
            let reach = if rng.below(2) == 0 { span.min(64) } else { span };
            let at = model + rng.below(reach) as usize;
            let bytes = [0, 1, 0x7f, 0x80, 0xff, rng.next_u64() as u8];
            file[at] = bytes[rng.below(6) as usize];
        }
    }
    let checksum = Sha256::digest(&file[CHECKSUM.end..]);
    file[CHECKSUM].copy_from_slice(&checksum);
    file
}
