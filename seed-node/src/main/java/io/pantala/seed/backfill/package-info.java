/** Fetches each blob from its registry once, cut into blocks as it comes. */
@NullMarked
package io.pantala.seed.backfill;

import org.jspecify.annotations.NullMarked;
