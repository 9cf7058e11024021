/** What content is and how it is proved, without I/O. */
@NullMarked
package io.pantala.manifest;

import org.jspecify.annotations.NullMarked;
