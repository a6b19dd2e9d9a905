//! Gates: what must hold before anything is published. An audit only reads.

mod gates;

pub use gates::check;
