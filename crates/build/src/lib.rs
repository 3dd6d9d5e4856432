//! Builds: buildspecs carried out as processes, as CodeBuild does it.
//!
//! Each build has a process group, a work folder, an environment of its own and limits. Secrets
//! never reach its log. Reading buildspecs is `config`'s work; pipelines are `engine`'s.
