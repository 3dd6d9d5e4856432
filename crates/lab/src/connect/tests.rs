//! Tests of the emulated Connect, kind by kind.
