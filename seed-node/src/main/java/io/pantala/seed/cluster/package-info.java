/** What the seeds of a cluster keep in step: its authority, its tokens, who was shut out. */
@NullMarked
package io.pantala.seed.cluster;

import org.jspecify.annotations.NullMarked;
