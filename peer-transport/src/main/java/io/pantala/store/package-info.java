/** Keeps blobs on disk, block by block, and lets them be read while they grow. Nothing unverified is ever read. */
@NullMarked
package io.pantala.store;

import org.jspecify.annotations.NullMarked;
