/** The seed's side of the swarms: who wants which blob, and what they are told about it. */
@NullMarked
package io.pantala.seed.tracker;

import org.jspecify.annotations.NullMarked;
