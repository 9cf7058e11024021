/** How nodes name one another. */
@NullMarked
package io.pantala.transport;

import org.jspecify.annotations.NullMarked;
