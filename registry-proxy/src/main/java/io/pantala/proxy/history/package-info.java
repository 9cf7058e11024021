/** Where the blobs of this node came from, block by block, and why: what {@code pantala explain} shows. */
@NullMarked
package io.pantala.proxy.history;

import org.jspecify.annotations.NullMarked;
