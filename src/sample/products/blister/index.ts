import { productOf } from "../../product.js";
import { defects } from "./defects.js";
import { paint } from "./paint.js";
import { plan } from "./plan.js";

export const blister = productOf({ plan, defects, paint });
