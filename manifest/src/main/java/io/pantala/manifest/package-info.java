/** What content is and how it is proved: digests, names, manifests, blocks. No I/O. */
@NullMarked
package io.pantala.manifest;

import org.jspecify.annotations.NullMarked;
