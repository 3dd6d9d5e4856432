//! A disk without room.
